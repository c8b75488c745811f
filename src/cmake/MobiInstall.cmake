# `cmake --install build/<preset> --prefix <prefix>`: a tree that can be moved, of which nothing need be writable.
#
#   <prefix>/bin/fedmobillm
#   <prefix>/share/fedmobillm/{configs,mpi_launch,data,analysis}   found relative to the program and to the scripts
#   <prefix>/share/modulefiles/fedmobillm/<version>                for `module use`
#
# The folders' names are fixed: programs and scripts find each other by them (src/app/catalogue_folder.cpp,
# mpi_launch/common.sh).
set(folder share/fedmobillm)

install(TARGETS fedmobillm RUNTIME DESTINATION bin)
install(FILES README.md CHANGELOG.md CITATION.cff LICENSE DESTINATION ${folder})
install(DIRECTORY configs DESTINATION ${folder} PATTERN "*.swp" EXCLUDE)

install(PROGRAMS mpi_launch/run_local.sh mpi_launch/run_experiment.sh DESTINATION ${folder}/mpi_launch)
install(FILES mpi_launch/common.sh mpi_launch/mpirun_filter.py mpi_launch/run_slurm.sbatch mpi_launch/hostfile.example
  mpi_launch/README.md DESTINATION ${folder}/mpi_launch)

install(PROGRAMS data/fetch_backbones.sh data/fetch_wordnet.sh data/make_synthetic.py data/make_wordnet.py
  data/unpack_backbone.py DESTINATION ${folder}/data)
install(FILES data/README.md data/SHA256SUMS DESTINATION ${folder}/data)
install(DIRECTORY data/lengths DESTINATION ${folder}/data)

file(GLOB scripts CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/analysis/*.py)
install(PROGRAMS ${scripts} DESTINATION ${folder}/analysis)
install(FILES analysis/README.md analysis/pyproject.toml DESTINATION ${folder}/analysis)
install(DIRECTORY analysis/mobilog analysis/mobireport DESTINATION ${folder}/analysis PATTERN "__pycache__" EXCLUDE)

install(FILES mpi_launch/packages/modulefile DESTINATION share/modulefiles/fedmobillm RENAME ${PROJECT_VERSION})
