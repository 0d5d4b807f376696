# SPDX-License-Identifier: Apache-2.0
# Debian packages, by the target `packages`: build/<preset>/packages/tcmud_*.deb and tcmud-rbd_*.deb, and the debug information of
# each in *-dbgsym_*.ddeb.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tcmud)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL tcmud rbd)
set(CPACK_DEBIAN_TCMUD_PACKAGE_NAME tcmud)
set(CPACK_DEBIAN_RBD_PACKAGE_NAME tcmud-rbd)
set(CPACK_PACKAGE_VENDOR "The tcmud developers")
set(CPACK_PACKAGE_CONTACT "The tcmud developers <developers@tcmud.invalid>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
# Of each package the first line is its summary; it has no other.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_COMPONENT_TCMUD_DESCRIPTION "serves the LUNs of Linux's SCSI target from user space
LIO, the SCSI target in Linux, exports disks over iSCSI, Fibre Channel, SRP,
vhost and loopback. Its module TCMU passes the commands of a disk to user
space, where tcmud answers them from a file, a block device or memory.

tcmud takes the place of tcmu-runner: the LUNs that it can serve stay the
same disks, without an edit. Those that it cannot serve yet (qcow2 images,
zbc, fbo, glfs) stop the installation before anything is changed.

A daemon that is restarted, upgraded or killed costs initiators a pause.")
set(CPACK_COMPONENT_RBD_DESCRIPTION "images of a Ceph cluster as SCSI disks, for tcmud
tcmud serves the LUNs of Linux's SCSI target from user space. With this
package it can keep their data in a Ceph cluster, with the configuration
strings that tcmu-runner has for them.")
# What /usr/sbin/tcmu-export and its kin call.
set(CPACK_DEBIAN_TCMUD_PACKAGE_DEPENDS "kmod")
set(CPACK_DEBIAN_TCMUD_PACKAGE_SUGGESTS "targetcli-fb, tcmud-rbd")
# It does not depend on tcmud, whose preinst would then run first, and refuse to replace a tcmu-runner that has LUNs of it. But a
# module is of its daemon's build.
set(build "${PROJECT_VERSION}-${CPACK_DEBIAN_PACKAGE_RELEASE}")
set(CPACK_DEBIAN_RBD_PACKAGE_ENHANCES tcmud)
set(CPACK_DEBIAN_RBD_PACKAGE_BREAKS "tcmud (<< ${build}), tcmud (>> ${build})")
# No Conflicts: see docs/adr/0015.
set(CPACK_DEBIAN_TCMUD_PACKAGE_PROVIDES "tcmu-runner (= 1.5.4)")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ON)
# Seconds instead of a minute for a few hundred KiB more.
set(CPACK_DEBIAN_COMPRESSION_TYPE gzip)
set(control ${CMAKE_CURRENT_SOURCE_DIR}/debian)
configure_file(${control}/triggers.in ${CMAKE_CURRENT_BINARY_DIR}/triggers @ONLY)
set(CPACK_DEBIAN_TCMUD_PACKAGE_CONTROL_EXTRA
    "${control}/preinst;${control}/postinst;${control}/prerm;${control}/postrm;${control}/conffiles;${CMAKE_CURRENT_BINARY_DIR}/triggers")
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
