# Precompiled standard headers, for builds whose length matters. The release build goes without them, so that
# a file that forgets an include still fails somewhere.
set(CMAKE_PCH_WARN_INVALID OFF)
set(picube_headers <algorithm> <array> <chrono> <cmath> <cstdint> <filesystem> <fstream> <functional>
  <map> <memory> <optional> <set> <span> <sstream> <string> <string_view> <thread> <unordered_map>
  <utility> <variant> <vector>)
add_library(picube_precompiled STATIC ${CMAKE_CURRENT_LIST_DIR}/precompiled.cpp)
target_link_libraries(picube_precompiled PRIVATE picube_flags)
target_precompile_headers(picube_precompiled PRIVATE ${picube_headers})
add_library(picube_precompiled_tests STATIC ${CMAKE_CURRENT_LIST_DIR}/precompiled.cpp)
target_link_libraries(picube_precompiled_tests PRIVATE picube_flags GTest::gtest)
target_precompile_headers(picube_precompiled_tests PRIVATE ${picube_headers} <gtest/gtest.h>)

# Every target below DIRECTORY uses them.
function(picube_use_precompiled directory)
  get_property(below DIRECTORY ${directory} PROPERTY SUBDIRECTORIES)
  foreach(one IN LISTS below)
    picube_use_precompiled(${one})
  endforeach()
  get_property(targets DIRECTORY ${directory} PROPERTY BUILDSYSTEM_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(type ${target} TYPE)
    get_target_property(libraries ${target} LINK_LIBRARIES)
    if(target MATCHES "^picube_precompiled" OR NOT type MATCHES "STATIC_LIBRARY|EXECUTABLE")
      continue()
    elseif(libraries MATCHES "GTest::")
      target_precompile_headers(${target} REUSE_FROM picube_precompiled_tests)
    else()
      target_precompile_headers(${target} REUSE_FROM picube_precompiled)
    endif()
  endforeach()
endfunction()
picube_use_precompiled(${PROJECT_SOURCE_DIR})
