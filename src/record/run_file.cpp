// SPDX-License-Identifier: Apache-2.0
#include "record/run_file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "core/build_info.hpp"
#include "core/error.hpp"
#include "hdf5/attribute.hpp"
#include "record/checkpoint_file.hpp"

namespace mobi::record {
namespace {

constexpr std::int64_t kTableChunkRows = 1024;
constexpr std::int64_t kNumberChunkRows = 16384;

DataType copy(hid_t type) {
    return {H5Tcopy(type), "copy a type"};
}

void create_group(hid_t file, const char* path) {
    const Group group(H5Gcreate2(file, path, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
                      fmt::format("create {}", path));
}

/// A dataset of fixed shape whose space is there from the beginning.  Fill value 0, or NaN.
DataSet create_whole(hid_t file,
                     const std::string& path,
                     const DataType& type,
                     std::span<const hsize_t> shape,
                     bool fill_with_nan = false) {
    const std::string what = fmt::format("create {}", path);
    const DataSpace space(
        shape.empty() ? H5Screate(H5S_SCALAR)
                      : H5Screate_simple(static_cast<int>(shape.size()), shape.data(), nullptr),
        what);
    const PropertyList creation(H5Pcreate(H5P_DATASET_CREATE), what);
    check_hdf5(H5Pset_obj_track_times(creation.get(), false), what);
    check_hdf5(H5Pset_alloc_time(creation.get(), H5D_ALLOC_TIME_EARLY), what);
    const float nan = std::numeric_limits<float>::quiet_NaN();
    if (fill_with_nan) check_hdf5(H5Pset_fill_value(creation.get(), H5T_NATIVE_FLOAT, &nan), what);
    const PropertyList link(H5Pcreate(H5P_LINK_CREATE), what);
    check_hdf5(H5Pset_create_intermediate_group(link.get(), 1), what);
    return {H5Dcreate2(file, path.c_str(), type.get(), space.get(), link.get(), creation.get(),
                       H5P_DEFAULT),
            what};
}

void create_root_attributes(hid_t root, const RunLayout& layout) {
    write_number(root, "schema_version", kSchemaVersion);
    write_text(root, "program_version", program_version());
    write_text(root, "git_commit", git_commit());
    write_unsigned(root, "seed", layout.seed);
    write_number(root, "classes", layout.classes);
    write_number(root, "blocks", layout.blocks);
    write_number(root, "train_samples", layout.train_samples);
    write_number(root, "test_samples", layout.test_samples);
    write_number(root, "validation_samples", layout.validation_samples);
    for (const auto& [library, version] : layout.library_versions)
        if (library != "hdf5") write_text(root, (library + "_version").c_str(), version);
    std::array<unsigned, 3> version{};
    check_hdf5(H5get_libversion(&version[0], &version[1], &version[2]), "ask HDF5 its version");
    write_text(root, "hdf5_version", fmt::format("{}.{}.{}", version[0], version[1], version[2]));
}

void create_texts(hid_t file, const RunLayout& layout) {
    const DataSet config = create_whole(file, "/config", text_type(), {});
    const char* text = layout.config_text.c_str();
    check_hdf5(H5Dwrite(config.get(), text_type().get(), H5S_ALL, H5S_ALL, H5P_DEFAULT,
                        static_cast<const void*>(&text)),
               "write /config");
    describe(config.get(),
             "Resolved configuration without host-only keys: gives the same run again", "1");

    std::size_t width = 1;
    for (const std::string& name : layout.class_names) width = std::max(width, name.size());
    const DataType fixed = copy(H5T_C_S1);
    check_hdf5(H5Tset_size(fixed.get(), width), "make the class name type");
    check_hdf5(H5Tset_strpad(fixed.get(), H5T_STR_NULLPAD), "make the class name type");
    check_hdf5(H5Tset_cset(fixed.get(), H5T_CSET_UTF8), "make the class name type");
    const std::array<hsize_t, 1> count{layout.class_names.size()};
    const DataSet classes = create_whole(file, "/classes", fixed, count);
    describe(classes.get(), "Names of the classes; none for regression", "1");
    std::string packed;
    for (const std::string& name : layout.class_names) {
        packed += name;
        packed.append(width - name.size(), '\0');
    }
    if (!packed.empty())
        check_hdf5(
            H5Dwrite(classes.get(), fixed.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, packed.data()),
            "write /classes");
}

void describe_table(hid_t dataset, const Table& table) {
    std::vector<std::string> units;
    std::vector<std::string> descriptions;
    for (const Column& column : table.columns) {
        units.emplace_back(column.unit);
        descriptions.emplace_back(column.description);
    }
    write_text(dataset, "description", table.description);
    write_texts(dataset, "unit", units);
    write_texts(dataset, "column_description", descriptions);
}

void create_tables(hid_t file, const RunLayout& layout) {
    const std::array<hsize_t, 1> one{1};
    const Table& status = table_of<StatusRow>();
    describe_table(
        create_whole(file, std::string(status.path), packed_type(status, layout), one).get(),
        status);
    for (const Table* table : growing_tables())
        describe_table(create_growing(file, std::string(table->path), packed_type(*table, layout),
                                      0, kTableChunkRows)
                           .get(),
                       *table);
    describe(
        create_growing(file, "/update_samples", copy(H5T_STD_I32LE), 0, kNumberChunkRows).get(),
        "Samples of every update, one after another", "1");
    if (layout.blocks > 0)
        describe(create_growing(file, "/training_gates", copy(H5T_IEEE_F32LE), layout.blocks,
                                kTableChunkRows)
                     .get(),
                 "Gate value of every block (columns) in every update (rows)", "1");
}

void create_evaluation_truth(hid_t file, const RunLayout& layout) {
    const std::array<hsize_t, 1> tests{static_cast<hsize_t>(layout.test_samples)};
    create_group(file, "/evaluation");
    describe(create_whole(file, "/evaluation/labels", copy(H5T_STD_I32LE), tests).get(),
             "Class of every validation and test sample, index into /classes", "1");
    describe(create_whole(file, "/evaluation/targets", copy(H5T_IEEE_F32LE), tests, true).get(),
             "Regression: target of every validation and test sample; else NaN", "1");
    create_group(file, "/confusion");
    const auto classes = static_cast<hsize_t>(layout.classes);
    const std::array<hsize_t, 2> square{classes, classes};
    for (const BackboneLayout& backbone : layout.backbones)
        describe(
            create_whole(file, "/confusion/" + backbone.name, copy(H5T_STD_I32LE), square).get(),
            "Samples of the last evaluation by class (rows) and prediction (columns); with a "
            "validation set, of the test set by the last weights",
            "samples");
}

void create_side_network(hid_t file, const RunLayout& layout) {
    create_group(file, "/weights");
    for (const WeightState state : {WeightState::Initial, WeightState::Final, WeightState::Best}) {
        if (state == WeightState::Best && layout.validation_samples == 0) continue;
        const std::string folder = fmt::format("/weights/{}", folder_of(state));
        create_group(file, folder.c_str());
        for (const auto& [name, shape] : layout.weights) {
            const std::vector<hsize_t> size(shape.begin(), shape.end());
            describe(create_whole(file, fmt::format("{}/{}", folder, name), copy(H5T_IEEE_F32LE),
                                  size, true)
                         .get(),
                     "Weights; NaN: not there", "1");
        }
    }
}

std::string file_name(const Output& output) {
    return fmt::format("run file '{}'", output.path().string());
}

void check_names(const RunLayout& layout) {
    std::set<std::string> taken{"", ".", "all", "none", "labels", "targets"};
    for (const BackboneLayout& backbone : layout.backbones)
        if (backbone.name.find('/') != std::string::npos || !taken.insert(backbone.name).second)
            throw ConfigError(fmt::format(
                "backbone name '{}' cannot be a name in the run file: no '/', no name twice, "
                "and not 'all', 'none', 'labels', 'targets' or '.'",
                backbone.name));
}

PropertyList file_access(const RecordParameters& parameters) {
    PropertyList access(H5Pcreate(H5P_FILE_ACCESS), "create an access list");
    // V110 is what LATEST means in HDF5 1.10; a newer library must not write what 1.10 cannot read.
    // V18 has no mark "open for writing", which would make the file of a killed process unreadable.
    const H5F_libver_t version = parameters.swmr ? H5F_LIBVER_V110 : H5F_LIBVER_V18;
    check_hdf5(H5Pset_libver_bounds(access.get(), version, version), "choose the file format");
    // where the file system has no locks, go on without
    check_hdf5(H5Pset_file_locking(access.get(), 1, 1), "choose file locking");
    return access;
}

/// \param path  an empty file
File create_run_file(const std::filesystem::path& path,
                     const std::string& what,
                     const RunLayout& layout,
                     const RecordParameters& parameters) {
    check_names(layout);
    const PropertyList creation(H5Pcreate(H5P_FILE_CREATE), what);
    check_hdf5(H5Pset_obj_track_times(creation.get(), false), what);
    const PropertyList access = file_access(parameters);
    File file(H5Fcreate(path.c_str(), H5F_ACC_TRUNC, creation.get(), access.get()), what);
    create_root_attributes(file.get(), layout);
    create_texts(file.get(), layout);
    create_tables(file.get(), layout);
    create_evaluation_truth(file.get(), layout);
    create_group(file.get(), "/activations");
    create_activation_groups(file.get(), layout);
    create_side_network(file.get(), layout);
    check_hdf5(H5Fflush(file.get(), H5F_SCOPE_GLOBAL), what);
    // not by closing and opening again: a reader might hold its lock at that moment
    if (parameters.swmr)
        check_hdf5(H5Fstart_swmr_write(file.get()),
                   what + " for readers beside the writer (record.swmr = false does without)");
    return file;
}

}  // namespace

namespace {

/// The appender of one row type's table.
template <typename Row>
struct RowAppender : TableAppender {
    explicit RowAppender(hid_t file) : TableAppender(file, Row::table()) {}
};

template <typename List>
struct Appenders;
template <typename... Rows>
struct Appenders<RowList<Rows...>> : RowAppender<Rows>... {
    explicit Appenders(hid_t file) : RowAppender<Rows>(file)... {}

    template <typename Function>
    void for_each(Function function) {
        (function(static_cast<RowAppender<Rows>&>(*this)), ...);
    }
};

}  // namespace

struct RunFile::Tables {
    Appenders<RowTypes> rows;
    Appender update_samples;
    std::unique_ptr<Appender> gates;
    std::vector<ActivationStore> activations;  // by backbone; empty when none are kept
    std::vector<EvaluationStore> evaluation;

    Tables(hid_t file, const RunLayout& layout)
        : rows(file), update_samples(file, "/update_samples") {
        if (layout.blocks > 0) gates = std::make_unique<Appender>(file, "/training_gates");
        if (!layout.activations) return;
        for (std::int32_t b = 0; b < static_cast<std::int32_t>(layout.backbones.size()); ++b) {
            activations.emplace_back(file, layout, b);
            evaluation.emplace_back(file, layout, b);
        }
    }

    template <typename Row>
    TableAppender& of() {
        return static_cast<RowAppender<Row>&>(rows);
    }

    /// `function` on everything that gathers rows.
    template <typename Function>
    void for_each(Function function) {
        rows.for_each(function);
        function(update_samples);
        if (gates) function(*gates);
        for (ActivationStore& store : activations) function(store);
    }
};

struct RunFile::Visitor {
    RunFile& file;

    template <typename Row>
    void operator()(const Row& row) const {
        file.tables_->of<Row>().append(std::span(&row, 1));
    }
    template <typename Row>
    void operator()(const std::vector<Row>& rows) const {
        file.tables_->of<Row>().append(std::span(rows));
    }
    void operator()(const UpdateSamples& r) const {
        file.tables_->update_samples.append(std::as_bytes(std::span(r.samples)));
    }
    void operator()(const TrainingGates& r) const {
        file.tables_->gates->append(std::as_bytes(std::span(r.gates)));
    }
    void operator()(const ActivationRows& r) const {
        if (!file.layout_.activations) return;
        file.tables_->activations[static_cast<std::size_t>(r.backbone)].append(r);
    }
    void operator()(const EvaluationTaps& r) const {
        if (!file.layout_.activations) return;
        file.tables_->evaluation[static_cast<std::size_t>(r.backbone)].write(r);
    }
    void operator()(const Truth& r) const {
        file.write_whole("/evaluation/labels", H5T_NATIVE_INT32, r.labels.data());
        if (!r.targets.empty())
            file.write_whole("/evaluation/targets", H5T_NATIVE_FLOAT, r.targets.data());
    }
    void operator()(const Weights& r) const {
        file.write_whole(fmt::format("/weights/{}/{}", folder_of(r.state), r.name),
                         H5T_NATIVE_FLOAT, r.values.data());
    }
    void operator()(const Confusion& r) const {
        const auto& name = file.layout_.backbones[static_cast<std::size_t>(r.backbone)].name;
        file.write_whole("/confusion/" + name, H5T_NATIVE_INT32, r.counts.data());
    }
    void operator()(const Checkpoint& r) const { file.store_checkpoint(r); }
    void operator()(const Publish&) const { file.publish(); }
};

RunFile::RunFile(Output output, RunLayout layout, const RecordParameters& parameters, Naming naming)
    : output_(std::move(output)),
      layout_(std::move(layout)),
      file_(create_run_file(
          output_.begin(), fmt::format("create {}", file_name(output_)), layout_, parameters)),
      tables_(std::make_unique<Tables>(file_.get(), layout_)) {
    write_status(RunStatus::Running);
    check_hdf5(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL),
               fmt::format("flush {}", file_name(output_)));
    if (naming == Naming::AtOnce) publish();
}

RunFile::~RunFile() = default;

void RunFile::publish() {
    const bool named = std::exchange(published_, true);
    if (named) return;
    if (tables_->of<UpdateRow>().rows() > 0)
        flush();  // what the checkpoint of the file before builds on
    else
        remove_checkpoint(output_.target());  // of a run that this one replaces
    output_.publish();
}

void RunFile::store_checkpoint(const Checkpoint& checkpoint) {
    flush();
    sync();
    StoredCheckpoint stored;
    tables_->rows.for_each(
        [&](auto& table) { stored.rows[std::string(table.table().path)] = table.rows(); });
    if (tables_->gates) stored.rows["/training_gates"] = tables_->gates->rows();
    stored.state = checkpoint.state;
    write_checkpoint(output_.target(), std::move(stored));
}

void RunFile::store(const Record& record) {
    std::visit(Visitor{*this}, record);
}

void RunFile::flush() {
    const std::string what = fmt::format("flush {}", file_name(output_));
    tables_->for_each([](auto& rows) { rows.flush(); });
    check_hdf5(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL), what);
    write_status(RunStatus::Running);  // only now are the rows it counts in the file
    check_hdf5(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL), what);
}

/// To the disk, where the file's driver has a descriptor.
void RunFile::sync() {
    void* handle = nullptr;
    if (H5Fget_vfd_handle(file_.get(), H5P_DEFAULT, &handle) < 0 || handle == nullptr) return;
    if (::fsync(*static_cast<int*>(handle)) != 0)
        throw RecordError(fmt::format("flush {}: {}", file_name(output_), std::strerror(errno)));
}

void RunFile::close(RunStatus status) {
    tables_->for_each([](auto& rows) { rows.close(); });
    for (EvaluationStore& store : tables_->evaluation) store.close();
    const std::string what = fmt::format("close {}", file_name(output_));
    check_hdf5(H5Fflush(file_.get(), H5F_SCOPE_GLOBAL), what);
    write_status(status);
    file_.close(what);
    if (status == RunStatus::Finished) remove_checkpoint(output_.target());
}

std::int64_t RunFile::written_bytes() const {
    std::int64_t bytes = whole_bytes_;
    tables_->for_each([&](const auto& rows) { bytes += rows.written_bytes(); });
    for (const EvaluationStore& store : tables_->evaluation) bytes += store.written_bytes();
    return bytes;
}

void RunFile::write_status(RunStatus status) {
    const StatusRow row{static_cast<std::int8_t>(status),
                        static_cast<std::int32_t>(tables_->of<UpdateRow>().rows())};
    const Table& table = table_of<StatusRow>();
    const DataType type = packed_type(table, layout_);
    std::vector<std::byte> packed(table.packed_bytes());
    pack_rows(table, std::as_bytes(std::span(&row, 1)), packed);
    write_whole(std::string(table.path), type.get(), packed.data());
}

void RunFile::write_whole(const std::string& path, hid_t memory_type, const void* values) {
    const std::string what = fmt::format("write {}", path);
    DataSet dataset(H5Dopen2(file_.get(), path.c_str(), H5P_DEFAULT), what);
    check_hdf5(H5Dwrite(dataset.get(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), what);
    whole_bytes_ += static_cast<std::int64_t>(H5Dget_storage_size(dataset.get()));
    dataset.close(what);
}

}  // namespace mobi::record
