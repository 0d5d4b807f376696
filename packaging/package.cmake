# SPDX-License-Identifier: Apache-2.0
# Debian packages, by the target `packages`: build/<preset>/packages/tcmud_*.deb, and tcmud-dbgsym_*.ddeb, which has the debug
# information.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tcmud)
set(CPACK_PACKAGE_VENDOR "The tcmud developers")
set(CPACK_PACKAGE_CONTACT "The tcmud developers <developers@tcmud.invalid>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "serves the LUNs of Linux's SCSI target from user space")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION "LIO, the SCSI target in Linux, exports disks over iSCSI, Fibre Channel, SRP,
vhost and loopback. Its module TCMU passes the commands of a disk to user
space, where tcmud answers them from a file, a block device or memory.

tcmud takes the place of tcmu-runner: the LUNs that it can serve stay the
same disks, without an edit. Those that it cannot serve yet (qcow2 images,
zbc, fbo, glfs, rbd) stop the installation before anything is changed.

A daemon that is restarted, upgraded or killed costs initiators a pause.")
# What /usr/sbin/tcmu-export and its kin call.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "kmod")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "targetcli-fb")
# No Conflicts: see docs/adr/0015.
set(CPACK_DEBIAN_PACKAGE_PROVIDES "tcmu-runner (= 1.5.4)")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ON)
# Seconds instead of a minute for a few hundred KiB more.
set(CPACK_DEBIAN_COMPRESSION_TYPE gzip)
set(control ${CMAKE_CURRENT_SOURCE_DIR}/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${control}/preinst;${control}/postinst;${control}/prerm;${control}/postrm;${control}/conffiles")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
# Files below /etc and /lib.
set(CPACK_SET_DESTDIR ON)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
include(CPack)

# What is packed is built, and nothing else: not the tests.
add_custom_target(packages
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${CMAKE_BINARY_DIR}/packages
    COMMAND ${CMAKE_CPACK_COMMAND} --config ${CMAKE_BINARY_DIR}/CPackConfig.cmake
    DEPENDS tcmud tcmuctl tcmud-guard backends package_documents
    VERBATIM)
