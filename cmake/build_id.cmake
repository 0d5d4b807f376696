# SPDX-License-Identifier: Apache-2.0
# Backend modules talk to the daemon through C++ classes, so both must come from one build. The id is made of
# what shapes those classes: the headers of include/tcmud, the compiler and its options.
file(GLOB headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/tcmud/*.hpp)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${headers})
set(shape "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} ${CMAKE_BUILD_TYPE} ${TCMUD_SANITIZE}")
foreach(header IN LISTS headers)
    file(SHA256 ${header} digest)
    string(APPEND shape " ${digest}")
endforeach()
string(SHA256 shape "${shape}")
string(SUBSTRING ${shape} 0 12 shape)

add_library(tcmud_build_id INTERFACE)
target_compile_definitions(tcmud_build_id INTERFACE
    TCMUD_VERSION="${PROJECT_VERSION}" TCMUD_BUILD_ID="${PROJECT_VERSION}-${shape}")
