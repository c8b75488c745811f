# MOBI_LINEAR: what computes products, `onednn` or `aten` (src/kernels/linear.hpp).
#
# The system's oneDNN where LibTorch uses it too (Debian's 1.13); ATen where LibTorch carries a oneDNN
# of its own (the wheels of LibTorch 2), beside which a second one must not be loaded.
# Debian's dnnl-config.cmake cannot be used: it asks for OpenCL.
find_path(MOBI_ONEDNN_INCLUDE oneapi/dnnl/dnnl.hpp)
find_library(MOBI_ONEDNN_LIBRARY dnnl)
set(MOBI_LINEAR aten)
if(MOBI_ONEDNN_INCLUDE AND MOBI_ONEDNN_LIBRARY AND Torch_VERSION VERSION_LESS 2)
  set(MOBI_LINEAR onednn)
  add_library(mobi_onednn INTERFACE)
  add_library(mobi::onednn ALIAS mobi_onednn)
  target_link_libraries(mobi_onednn INTERFACE ${MOBI_ONEDNN_LIBRARY})
  target_include_directories(mobi_onednn SYSTEM INTERFACE ${MOBI_ONEDNN_INCLUDE})
endif()
message(STATUS "Products by ${MOBI_LINEAR}")
