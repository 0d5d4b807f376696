# SPDX-License-Identifier: Apache-2.0
# What every target of the project is compiled with, as the interface target tcmud_options.
find_package(Threads REQUIRED)
find_package(tl-expected REQUIRED)
find_package(PkgConfig REQUIRED)

add_library(tcmud_options INTERFACE)
target_compile_options(tcmud_options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    $<$<COMPILE_LANGUAGE:CXX>:-Wold-style-cast -Wnon-virtual-dtor -Woverloaded-virtual>)
target_include_directories(tcmud_options INTERFACE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
target_link_libraries(tcmud_options INTERFACE Threads::Threads)
# Assertions are part of the product: a bug must stop the process, not the data's integrity.
string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
# Lines are enough for backtraces; variables and types take a third of the compiler's time.
string(REGEX REPLACE "-g( |$)" "-g1\\1" CMAKE_CXX_FLAGS_RELWITHDEBINFO "${CMAKE_CXX_FLAGS_RELWITHDEBINFO}")
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # With lines alone in DWARF 5, GCC 12 crashes over some coroutines, in directories with names of some lengths.
    string(APPEND CMAKE_CXX_FLAGS_RELWITHDEBINFO " -gdwarf-4")
endif()

if(CMAKE_UNITY_BUILD)
    # Frames of coroutines, in a file that includes theirs; GCC looks at such types only outside of the file that it compiles.
    target_compile_options(tcmud_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
    # To clang another file's constant is one that a local name hides.
    target_compile_options(tcmud_options INTERFACE $<$<CXX_COMPILER_ID:Clang>:-Wno-shadow>)
endif()
if(TCMUD_SANITIZE)
    target_compile_options(tcmud_options INTERFACE -fno-omit-frame-pointer -fsanitize=${TCMUD_SANITIZE} -fno-sanitize-recover=all
        # Instrumented code lets GCC 12 see uninitialised boost::optional in Beast; there is none.
        $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
        # Anything more takes the compiler minutes over instrumented templates; the tests don't need it.
        -O0 -g1)
    if(TCMUD_SANITIZE STREQUAL thread)
        # Asio's fences are none of tsan's; what they order is ordered by mutexes too.
        target_compile_options(tcmud_options INTERFACE -Wno-tsan)
    endif()
    target_link_options(tcmud_options INTERFACE -fsanitize=${TCMUD_SANITIZE})
endif()
if(TCMUD_FUZZ)
    target_compile_options(tcmud_options INTERFACE -fsanitize=fuzzer-no-link)
    target_link_options(tcmud_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# What every command passes: link-time optimisation is worth a sixth of its instructions, -O3 a fortieth. Fat objects, so that
# tests link without.
set(TCMUD_LTO OFF)
if(CMAKE_BUILD_TYPE STREQUAL RelWithDebInfo AND CMAKE_CXX_COMPILER_ID STREQUAL GNU AND NOT TCMUD_SANITIZE)
    set(TCMUD_LTO ON)
endif()

# tcmud_library(NAME [DATA_PATH] SOURCES file... LINKS target...)
function(tcmud_library name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "DATA_PATH" "" "SOURCES;LINKS")
    add_library(${name} STATIC ${arg_SOURCES})
    if(arg_DATA_PATH AND TCMUD_LTO)
        target_compile_options(${name} PRIVATE -O3 -flto=auto -ffat-lto-objects)
    endif()
    target_link_libraries(${name} PUBLIC tcmud_options ${arg_LINKS})
endfunction()

# tcmud_module(NAME [PACKAGE name] SOURCES file... LINKS target...): a backend, loaded by the daemon at start. PACKAGE: not in tcmud's,
# for its libraries are not for everybody.
function(tcmud_module name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "PACKAGE" "SOURCES;LINKS")
    if(NOT arg_PACKAGE)
        set(arg_PACKAGE ${CMAKE_INSTALL_DEFAULT_COMPONENT_NAME})
    endif()
    add_library(backend_${name} MODULE ${arg_SOURCES})
    target_link_libraries(backend_${name} PRIVATE tcmud_options tcmud_interface tcmud_build_id ${arg_LINKS})
    set_target_properties(backend_${name} PROPERTIES
        PREFIX "" OUTPUT_NAME ${name}
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/lib/tcmud
        CXX_VISIBILITY_PRESET hidden)
    install(TARGETS backend_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/tcmud COMPONENT ${arg_PACKAGE})
endfunction()
