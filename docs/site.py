# SPDX-License-Identifier: Apache-2.0
"""A hook of mkdocs: manual pages become pages of the site, and sources of pictures stay out of it."""
import html
import pathlib
import subprocess
import tempfile

from mkdocs.structure.files import File

pages = tempfile.TemporaryDirectory(prefix="tcmud-site-")


def manual_page(source, config):
    name = pathlib.Path(source.src_path).name
    command = ["groff", "-mandoc", "-Tutf8", "-P-cbou", source.abs_src_path]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # A title makes the page; the text keeps its columns.
    page = pathlib.Path(pages.name, "man", name + ".md")
    page.parent.mkdir(exist_ok=True)
    title, _, section = name.rpartition(".")
    page.write_text(f"# {title}({section})\n\n<pre>{html.escape(text)}</pre>\n")
    return File(f"man/{name}.md", pages.name, config["site_dir"], config["use_directory_urls"])


def on_files(files, config):
    for file in list(files):
        path = pathlib.PurePosixPath(file.src_path)
        if path.parts[0] == "man":
            files.remove(file)
            files.append(manual_page(file, config))
        elif path.suffix in (".dot", ".py", ".pyc") or path.name == "draw":
            files.remove(file)
    return files
