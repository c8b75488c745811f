# mobi::torch: LibTorch as one imported target, its headers marked as system headers.
#
# Debian's libtorch-dev is the default; -DCMAKE_PREFIX_PATH=<torch.utils.cmake_prefix_path> takes a
# wheel's LibTorch 2.x instead.  Torch's own flags reach only the targets that link this one.
find_package(Torch 1.13 QUIET)
if(NOT Torch_FOUND)
  find_package(Torch REQUIRED)  # a 2.x version file does not call itself compatible with 1.13
endif()
add_library(mobi_torch INTERFACE)
add_library(mobi::torch ALIAS mobi_torch)
target_link_libraries(mobi_torch INTERFACE ${TORCH_LIBRARIES})
target_include_directories(mobi_torch SYSTEM INTERFACE ${TORCH_INCLUDE_DIRS})
