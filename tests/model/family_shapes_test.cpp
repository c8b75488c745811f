// SPDX-License-Identifier: Apache-2.0
// What a config.json alone says about a published model, against the listings of its tensors.
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "model/model_folder.hpp"
#include "model/model_support.hpp"
#include "support/shared_data.hpp"

namespace mobi {
namespace {

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

nlohmann::json read_json(const std::filesystem::path& path) {
    nlohmann::json value;
    std::ifstream(path) >> value;
    return value;
}

class FamilyShapesTest : public ::testing::TestWithParam<const char*> {};

TEST_P(FamilyShapesTest, TheConfigurationGivesTheListedTensors) {
    MOBI_NEEDS_SHARED("data/model/hf_shapes/configs.json");
    const auto shapes_folder = test::shared_path("data/model/hf_shapes");
    const auto listing = read_json(shapes_folder / (std::string(GetParam()) + ".json"));
    const test::TempFolder folder;
    std::ofstream(folder.path() / "config.json")
        << read_json(shapes_folder / "configs.json").at(GetParam());
    BackboneParameters parameters;
    parameters.path = folder.path().string();
    const ModelFolder model(parameters);

    const bool roberta = model.info().family == "roberta";
    const std::string prefix = roberta ? "roberta." : "model.";
    const bool prefixed = listing["tensors"].begin().key().starts_with(prefix);
    Shapes derived;
    for (const PreparedTensor& tensor : preparation_plan(model.architecture()))
        for (const TensorSource& source : tensor.sources)
            derived[(prefixed ? prefix : "") + source.name] = source.shape;
    EXPECT_EQ(derived, listing["tensors"].get<Shapes>());
    EXPECT_EQ(model.info().size.parameters, listing["num_params"].get<std::int64_t>());
}

INSTANTIATE_TEST_SUITE_P(Published,
                         FamilyShapesTest,
                         ::testing::Values("opt-125m", "opt-350m", "opt-1.3b", "roberta-base"),
                         [](const auto& test) {
                             std::string name = test.param;
                             for (char& letter : name)
                                 if (letter == '-' || letter == '.') letter = '_';
                             return name;
                         });

}  // namespace
}  // namespace mobi
