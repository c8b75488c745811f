# SPDX-License-Identifier: Apache-2.0
"""Spack's recipe of fedmobillm, for a checkout: mpi_launch/packages/README.md says how to use it."""

from spack_repo.builtin.build_systems.cmake import CMakePackage

from spack.package import *


class Fedmobillm(CMakePackage):
    """A testbed for federated side-tuning on an emulated fleet, under MPI."""

    # No release is published: `spack develop --path <checkout> fedmobillm@=0.1.0` says where the source is.
    version("0.1.0")

    license("Apache-2.0")

    variant("analysis", default=True, description="Python packages that the reports need")
    variant("tests", default=False, description="Build the tests")

    depends_on("c", type="build")
    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    generator("ninja")

    depends_on("mpi@3.1:")
    depends_on("hdf5@1.10: ~mpi +threadsafe")
    depends_on("py-torch@1.13: ~cuda ~distributed")
    depends_on("boost@1.74: +program_options")
    depends_on("fmt@9:")
    depends_on("spdlog@1.10: +fmt_external")
    depends_on("nlohmann-json@3.11:")
    depends_on("icu4c@70:")
    depends_on("googletest@1.12: +gmock", type="build", when="+tests")

    with when("+analysis"):
        depends_on("python@3.9:", type="run")
        depends_on("py-numpy@1.24:", type="run")
        depends_on("py-h5py@3.7:", type="run")
        depends_on("py-matplotlib@3.6:", type="run")

    conflicts("%gcc@:11", msg="the source is C++20 as g++ 12 has it")

    def cmake_args(self):
        return [
            self.define_from_variant("BUILD_TESTING", "tests"),
            self.define("CMAKE_PREFIX_PATH", self.spec["py-torch"].package.cmake_prefix_paths[0]),
        ]

    def setup_run_environment(self, env):
        share = self.prefix.share.fedmobillm
        env.set("MOBI_ROOT", share)
        env.prepend_path("PATH", share.mpi_launch)
        env.prepend_path("PATH", share.analysis)
        env.prepend_path("PYTHONPATH", share.analysis)
