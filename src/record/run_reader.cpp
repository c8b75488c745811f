// SPDX-License-Identifier: Apache-2.0
#include "record/run_reader.hpp"

#include <algorithm>
#include <memory>
#include <set>

#include <fmt/format.h>

#include "core/error.hpp"
#include "hdf5/attribute.hpp"
#include "hdf5/stored_array.hpp"

namespace mobi::record {
namespace {

std::string file_name(const std::filesystem::path& path) {
    return fmt::format("run file '{}'", path.string());
}

/// \return  negative when it cannot be opened.
hid_t try_to_open(const std::filesystem::path& path, bool locking) {
    const PropertyList access(H5Pcreate(H5P_FILE_ACCESS), "create an access list");
    check_hdf5(H5Pset_file_locking(access.get(), locking, 1), "choose file locking");
    // HDF5 waits twice as long before each attempt to read what a writer may be changing; with its
    // default of 100 attempts a damaged file would never be refused.  These take 0.3 s.
    check_hdf5(H5Pset_metadata_read_attempts(access.get(), 28), "choose the attempts");
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, access.get());
    if (file >= 0) return file;
    // a plain open refuses what is open for writing, or was until the writer's death
    return H5Fopen(path.c_str(), H5F_ACC_RDONLY | H5F_ACC_SWMR_READ, access.get());
}

File open_file(const std::filesystem::path& path) {
    prepare_hdf5();
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error))
        throw DataError(file_name(path) + " is not there");
    if (H5Fis_hdf5(path.c_str()) <= 0)
        throw DataError(file_name(path) + " is not an HDF5 file, or cannot be read");
    return {try_to_open(path, true), "open " + file_name(path)};
}

bool is_ours(hid_t file) {
    return H5Aexists(file, "schema_version") > 0 && H5Lexists(file, "status", H5P_DEFAULT) > 0;
}

std::int32_t check_schema(hid_t file, const std::filesystem::path& path) {
    if (!is_ours(file))
        throw DataError(file_name(path) + " is an HDF5 file, but not one of fedmobillm");
    const std::int64_t version = read_number(file, "schema_version");
    if (version >= kOldestSchema && version <= kSchemaVersion)
        return static_cast<std::int32_t>(version);
    const std::string program =
        H5Aexists(file, "program_version") > 0 ? read_text(file, "program_version") : "unknown";
    throw DataError(fmt::format(
        "{} has schema version {}, this program reads {} to {}: use the version that wrote it ({})",
        file_name(path), version, kOldestSchema, kSchemaVersion, program));
}

std::string read_config(hid_t file) {
    const DataSet dataset(H5Dopen2(file, "/config", H5P_DEFAULT), "open /config");
    char* text = nullptr;
    check_hdf5(H5Dread(dataset.get(), text_type().get(), H5S_ALL, H5S_ALL, H5P_DEFAULT,
                       static_cast<void*>(&text)),
               "read /config");
    const std::unique_ptr<char, herr_t (*)(void*)> owner(text, H5free_memory);
    return text != nullptr ? std::string(text) : std::string();
}

std::vector<std::string> read_class_names(hid_t file, const std::string& name) {
    const StoredArray classes(file, "/classes", name);
    const std::size_t width = H5Tget_size(classes.type());
    std::vector<char> text(static_cast<std::size_t>(classes.rows()) * width);
    classes.read(classes.type(), 0, classes.rows(), text.data());
    std::vector<std::string> names;
    for (std::size_t first = 0; first < text.size(); first += width) {
        const std::string padded(text.data() + first, width);
        names.push_back(padded.substr(0, padded.find('\0')));
    }
    return names;
}

/// The names of an enumerated column, by number; those of negative numbers are left out.
std::vector<std::string> read_enumeration(hid_t file,
                                          const std::string& name,
                                          const char* table,
                                          const char* column) {
    const StoredArray array(file, table, name);
    const int index =
        H5Tget_class(array.type()) == H5T_COMPOUND ? H5Tget_member_index(array.type(), column) : -1;
    if (index < 0) throw DataError(fmt::format("{} has no column '{}'", array.what(), column));
    const DataType type(H5Tget_member_type(array.type(), static_cast<unsigned>(index)),
                        array.what());
    std::vector<std::string> names;
    if (H5Tget_class(type.get()) != H5T_ENUM || H5Tget_size(type.get()) != sizeof(std::int32_t))
        return names;
    const int count = H5Tget_nmembers(type.get());
    for (unsigned i = 0; i < static_cast<unsigned>(std::max(count, 0)); ++i) {
        std::int32_t value = -1;
        check_hdf5(H5Tget_member_value(type.get(), i, &value), array.what());
        const std::unique_ptr<char, herr_t (*)(void*)> text(H5Tget_member_name(type.get(), i),
                                                            H5free_memory);
        if (value < 0 || text == nullptr) continue;
        if (value >= count) throw DataError(array.what() + ": numbers of names have gaps");
        if (static_cast<std::size_t>(value) >= names.size())
            names.resize(static_cast<std::size_t>(value) + 1);
        names[static_cast<std::size_t>(value)] = text.get();
    }
    return names;
}

std::map<std::string, std::string> read_library_versions(hid_t file) {
    constexpr std::string_view kSuffix = "_version";
    std::map<std::string, std::string> versions;
    for (const std::string& name : attribute_names(file))
        if (name.ends_with(kSuffix) && name != "schema_version" && name != "program_version")
            versions[name.substr(0, name.size() - kSuffix.size())] = read_text(file, name.c_str());
    return versions;
}

BackboneLayout read_backbone(hid_t file, const std::string& name, const std::string& in) {
    const std::string path = "/activations/" + name;
    const std::string what = fmt::format("{}: {}", in, path);
    const Group group(H5Gopen2(file, path.c_str(), H5P_DEFAULT), what);
    return {name, read_numbers(group.get(), "layers"),
            static_cast<std::int32_t>(read_number(group.get(), "width")),
            parse_encoding(read_text(group.get(), "encoding"), what)};
}

/// Where the weights of a state are.
std::string weights_path(std::int32_t version, const char* state) {
    return fmt::format("{}/{}", version < 5 ? "/side_network" : "/weights", state);
}

std::map<std::string, std::vector<std::int64_t>> read_weights(hid_t file,
                                                              std::int32_t version,
                                                              const std::string& name) {
    const std::string path = weights_path(version, "final");
    const Group group(H5Gopen2(file, path.c_str(), H5P_DEFAULT), fmt::format("{}: {}", name, path));
    std::vector<std::string> links;
    const auto append = [](hid_t, const char* link, const H5L_info_t*, void* list) -> herr_t {
        static_cast<std::vector<std::string>*>(list)->emplace_back(link);
        return 0;
    };
    check_hdf5(H5Lvisit(group.get(), H5_INDEX_NAME, H5_ITER_INC, append, &links),
               fmt::format("{}: list {}", name, path));
    std::map<std::string, std::vector<std::int64_t>> tensors;
    for (const std::string& link : links) {
        const Handle<H5Oclose> object(H5Oopen(group.get(), link.c_str(), H5P_DEFAULT), link);
        if (H5Iget_type(object.get()) == H5I_DATASET)
            tensors[link] = StoredArray(group.get(), link, name).shape();
    }
    return tensors;
}

/// Whether a file that is complete has the table.
bool is_there(hid_t file, const Table& table, std::int32_t version) {
    if (table.since <= version && !table.late) return true;
    return H5Lexists(file, std::string(table.path).c_str(), H5P_DEFAULT) > 0;
}

RunLayout read_layout(hid_t file, std::int32_t version, const std::string& name) {
    RunLayout layout;
    layout.config_text = read_config(file);
    layout.seed = read_unsigned(file, "seed");
    layout.classes = static_cast<std::int32_t>(read_number(file, "classes"));
    layout.blocks = static_cast<std::int32_t>(read_number(file, "blocks"));
    layout.train_samples = read_number(file, "train_samples");
    layout.test_samples = read_number(file, "test_samples");
    if (H5Aexists(file, "validation_samples") > 0)
        layout.validation_samples = read_number(file, "validation_samples");
    layout.class_names = read_class_names(file, name);
    layout.profile_names = read_enumeration(file, name, "/devices", "profile");
    layout.link_names = read_enumeration(file, name, "/devices", "link");
    layout.family_names = read_enumeration(file, name, "/backbones", "family");
    if (table_of<DiagnosticRow>().since <= version)
        layout.diagnostic_names = read_enumeration(file, name, "/diagnostics", "name");
    if (is_there(file, table_of<BoundRow>(), version))
        layout.figure_keys = read_enumeration(file, name, "/bounds", "figure");
    for (const std::string& backbone : read_enumeration(file, name, "/backbones", "name"))
        layout.backbones.push_back(read_backbone(file, backbone, name));
    layout.activations =
        !layout.backbones.empty() &&
        H5Lexists(file, fmt::format("/activations/{}/samples", layout.backbones[0].name).c_str(),
                  H5P_DEFAULT) > 0;
    layout.weights = read_weights(file, version, name);
    layout.library_versions = read_library_versions(file);
    return layout;
}

bool has_scales(const BackboneLayout& backbone) {
    return backbone.dtype == Precision::Int8 || backbone.dtype == Precision::Int4;
}

/// What `read` gives; an error of HDF5 that does not name the file, as that of an attribute, does
/// then.
template <typename Read>
auto naming(const std::filesystem::path& path, Read read) {
    try {
        return read();
    } catch (const RecordError& error) {
        const std::string name = file_name(path);
        if (std::string_view(error.what()).find(name) != std::string_view::npos) throw;
        throw RecordError(fmt::format("{}: {}", name, error.what()));
    }
}

}  // namespace

bool is_run_file(const std::filesystem::path& path) {
    prepare_hdf5();
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error) || H5Fis_hdf5(path.c_str()) <= 0)
        return false;
    hid_t opened = try_to_open(path, false);
    if (opened < 0) opened = try_to_open(path, true);  // as a reader of this process has it open
    return opened >= 0 && is_ours(File(opened, "open " + file_name(path)).get());
}

RunReader::RunReader(const std::filesystem::path& path, IncompleteRuns incomplete)
    : path_(path), file_(open_file(path)) {
    const hid_t file = file_.get();
    version_ = naming(path_, [&] { return check_schema(file, path_); });
    program_version_ = naming(path_, [&] { return read_text(file, "program_version"); });
    layout_ = naming(path_, [&] { return read_layout(file, version_, file_name(path_)); });
    const std::vector<StatusRow> status = rows<StatusRow>();
    if (status.size() != 1) throw DataError(file_name(path_) + ": /status is not one row");
    status_ = status[0];
    if (incomplete == IncompleteRuns::Allow || !this->incomplete()) return;
    const bool aborted = status_.status == static_cast<std::int8_t>(RunStatus::Aborted);
    throw DataError(
        fmt::format("{} is incomplete: {} after {} updates; go on with --resume", file_name(path_),
                    aborted ? "the run was aborted" : "the run was killed, or is still going on",
                    status_.updates_done));
}

bool RunReader::incomplete() const noexcept {
    return status_.status != static_cast<std::int8_t>(RunStatus::Finished);
}

std::size_t RunReader::row_count(const Table& table) const {
    if (!is_there(file_.get(), table, version_)) return 0;
    return static_cast<std::size_t>(
        StoredArray(file_.get(), std::string(table.path), file_name(path_)).rows());
}

void RunReader::read_rows(const Table& table, void* rows, std::size_t count) const {
    if (count == 0) return;
    const StoredArray array(file_.get(), std::string(table.path), file_name(path_));
    const DataType type = struct_type(table, array.type(), version_, file_name(path_));
    array.read(type.get(), 0, static_cast<std::int64_t>(count), rows);
}

std::vector<std::int32_t> RunReader::update_samples() const {
    return StoredArray(file_.get(), "/update_samples", file_name(path_))
        .read_all<std::int32_t>(H5T_NATIVE_INT32);
}

std::vector<float> RunReader::training_gates() const {
    if (layout_.blocks == 0) return {};
    return StoredArray(file_.get(), "/training_gates", file_name(path_))
        .read_all<float>(H5T_NATIVE_FLOAT);
}

/// The datasets of one backbone type's activations, opened and checked against its layout.
struct RunReader::ActivationGroup {
    std::vector<StoredArray> blocks;
    std::vector<StoredArray> scales;
    StoredArray residual, samples, upload;
    std::int64_t rows = std::numeric_limits<std::int64_t>::max();

    ActivationGroup(hid_t file,
                    const std::string& name,
                    const RunLayout& layout,
                    const BackboneLayout& backbone)
        : residual(file, fmt::format("/activations/{}/residual", backbone.name), name),
          samples(file, fmt::format("/activations/{}/samples", backbone.name), name),
          upload(file, fmt::format("/activations/{}/upload", backbone.name), name) {
        const auto elements = encoded_width(backbone.dtype, backbone.width);
        const std::size_t bytes =
            encoded_bytes(backbone.dtype, backbone.width) / static_cast<std::size_t>(elements);
        for (std::size_t k = 1; k <= backbone.tap_layers.size(); ++k) {
            const std::string block = fmt::format("/activations/{}/block_{}", backbone.name, k);
            blocks.emplace_back(file, block, name).expect_row(elements, bytes);
            if (has_scales(backbone))
                scales.emplace_back(file, block + "_scale", name).expect_row(1, sizeof(float));
        }
        residual.expect_row(layout.classes, sizeof(float));
        // after a kill some datasets may have more rows than others
        for (const StoredArray& block : blocks) rows = std::min(rows, block.rows());
        for (const StoredArray& scale : scales) rows = std::min(rows, scale.rows());
        for (const StoredArray* array : {&residual, &samples, &upload})
            rows = std::min(rows, array->rows());
    }
};

RunReader::ActivationGroup RunReader::activation_group(std::int32_t backbone) const {
    if (!layout_.activations)
        throw DataError(file_name(path_) +
                        " has no activations: it was written with record.activations = none or "
                        "run.compute = none");
    return {file_.get(), file_name(path_), layout_,
            layout_.backbones.at(static_cast<std::size_t>(backbone))};
}

std::int64_t RunReader::activation_rows(std::int32_t backbone) const {
    return activation_group(backbone).rows;
}

Activations RunReader::activations(std::int32_t backbone,
                                   std::int64_t first,
                                   std::int64_t count) const {
    const ActivationGroup group = activation_group(backbone);
    first = std::clamp<std::int64_t>(first, 0, group.rows);
    count = std::clamp<std::int64_t>(count, 0, group.rows - first);
    Activations result;
    for (const StoredArray& block : group.blocks) {
        const std::size_t row_bytes =
            H5Tget_size(block.type()) * static_cast<std::size_t>(block.row_elements());
        Bytes& taps = result.taps.emplace_back(static_cast<std::size_t>(count) * row_bytes);
        block.read(block.type(), first, count, taps.data());
    }
    for (const StoredArray& scale : group.scales)
        result.scales.push_back(scale.read_rows<float>(H5T_NATIVE_FLOAT, first, count));
    result.residual = group.residual.read_rows<float>(H5T_NATIVE_FLOAT, first, count);
    result.samples = group.samples.read_rows<std::int32_t>(H5T_NATIVE_INT32, first, count);
    result.upload = group.upload.read_rows<std::int32_t>(H5T_NATIVE_INT32, first, count);
    return result;
}

StoredEvaluation RunReader::evaluation(std::int32_t backbone) const {
    activation_group(backbone);  // says so when nothing was kept
    const BackboneLayout& type = layout_.backbones.at(static_cast<std::size_t>(backbone));
    const auto read = [&](const std::string& dataset, std::int64_t width) {
        const StoredArray array(file_.get(), fmt::format("/evaluation/{}/{}", type.name, dataset),
                                file_name(path_));
        array.expect_row(width, sizeof(float));
        if (array.rows() != layout_.test_samples)
            throw DataError(fmt::format("{}: {} rows for {} test samples", array.what(),
                                        array.rows(), layout_.test_samples));
        return array.read_all<float>(H5T_NATIVE_FLOAT);
    };
    StoredEvaluation data;
    for (std::size_t k = 1; k <= type.tap_layers.size(); ++k)
        data.taps.push_back(read(fmt::format("block_{}", k), type.width));
    data.output = read("output", layout_.classes);
    return data;
}

Truth RunReader::evaluation_truth() const {
    const std::string name = file_name(path_);
    Truth truth;
    truth.classes = layout_.classes;
    truth.labels = StoredArray(file_.get(), "/evaluation/labels", name)
                       .read_all<std::int32_t>(H5T_NATIVE_INT32);
    if (layout_.classes == 1)
        truth.targets =
            StoredArray(file_.get(), "/evaluation/targets", name).read_all<float>(H5T_NATIVE_FLOAT);
    return truth;
}

Confusion RunReader::confusion(std::int32_t backbone) const {
    const BackboneLayout& type = layout_.backbones.at(static_cast<std::size_t>(backbone));
    return {backbone, StoredArray(file_.get(), "/confusion/" + type.name, file_name(path_))
                          .read_all<std::int32_t>(H5T_NATIVE_INT32)};
}

std::vector<float> RunReader::weights(WeightState state, const std::string& name) const {
    return StoredArray(file_.get(),
                       fmt::format("{}/{}", weights_path(version_, folder_of(state)), name),
                       file_name(path_))
        .read_all<float>(H5T_NATIVE_FLOAT);
}

}  // namespace mobi::record
