# mobi::torch: LibTorch as one imported target, its headers marked as system headers.
#
# Debian's libtorch-dev is the default; -DCMAKE_PREFIX_PATH=<torch.utils.cmake_prefix_path> takes a
# wheel's LibTorch 2.x instead.  Torch's own flags reach only the targets that link this one.
#
# A wheel's TorchConfig looks for c10 among the system's libraries first, where libtorch-dev may have put
# an older one: the one beside TorchConfig is named beforehand.
find_path(MOBI_TORCH_CONFIG TorchConfig.cmake HINTS ${Torch_DIR} ${CMAKE_PREFIX_PATH} PATH_SUFFIXES Torch share/cmake/Torch
  NO_DEFAULT_PATH)
if(MOBI_TORCH_CONFIG AND EXISTS ${MOBI_TORCH_CONFIG}/../../../lib/libc10.so)
  get_filename_component(c10_LIBRARY ${MOBI_TORCH_CONFIG}/../../../lib/libc10.so ABSOLUTE)
  set(c10_LIBRARY ${c10_LIBRARY} CACHE FILEPATH "LibTorch's c10" FORCE)
endif()
find_package(Torch 1.13 QUIET)
if(NOT Torch_FOUND)
  find_package(Torch REQUIRED)  # a 2.x version file does not call itself compatible with 1.13
endif()
add_library(mobi_torch INTERFACE)
add_library(mobi::torch ALIAS mobi_torch)
target_link_libraries(mobi_torch INTERFACE ${TORCH_LIBRARIES})
target_include_directories(mobi_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})

# A wheel's folder of headers holds a fmt of its own, which would hide the one that is linked: a folder
# with that one alone goes first.
foreach(folder IN LISTS TORCH_INCLUDE_DIRS)
  if(EXISTS ${folder}/fmt/core.h)
    find_path(MOBI_FMT_INCLUDE fmt/core.h PATHS /usr/include /usr/local/include NO_DEFAULT_PATH)
    if(MOBI_FMT_INCLUDE)
      file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/fmt_first)
      file(CREATE_LINK ${MOBI_FMT_INCLUDE}/fmt ${PROJECT_BINARY_DIR}/fmt_first/fmt SYMBOLIC)
      target_include_directories(mobi_torch SYSTEM BEFORE INTERFACE ${PROJECT_BINARY_DIR}/fmt_first)
    endif()
    break()
  endif()
endforeach()
