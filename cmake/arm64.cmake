# Cross-building for 64-bit Raspberry Pis from Debian's arm64 packages, unpacked by
# scripts/arm64.sh into a folder of their own (some -dev packages of two architectures cannot be
# installed side by side). Tests run under qemu as a Cortex-A53: an instruction that a Pi 3 does not
# have dies there.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
get_filename_component(picube_root "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)
set(picube_sysroot "${picube_root}/build/arm64-root")

set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_SYSROOT "${picube_sysroot}")
set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-a53")
set(CMAKE_CXX_FLAGS_INIT "-mcpu=cortex-a53")
set(CMAKE_FIND_ROOT_PATH "${picube_sysroot}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${picube_sysroot}")
set(ENV{PKG_CONFIG_LIBDIR}
    "${picube_sysroot}/usr/lib/aarch64-linux-gnu/pkgconfig:${picube_sysroot}/usr/share/pkgconfig")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static -cpu cortex-a53 -L "${picube_sysroot}")
