// SPDX-License-Identifier: Apache-2.0
// What a config.json alone says about a published model, against the listings of its tensors.
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "architecture/model_folder.hpp"
#include "architecture/preparation_plan.hpp"
#include "model/model_support.hpp"
#include "support/reference_cases.hpp"

namespace mobi {
namespace {

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

nlohmann::json read_json(const std::filesystem::path& path) {
    nlohmann::json value;
    std::ifstream(path) >> value;
    return value;
}

class FamilyShapesTest : public ::testing::TestWithParam<std::string> {};

TEST_P(FamilyShapesTest, TheConfigurationGivesTheListedTensors) {
    MOBI_NEEDS_SHARED(GetParam());
    const auto path = test::shared_path(GetParam());
    const auto listing = read_json(path);
    const test::TempFolder folder;
    std::ofstream(folder.path() / "config.json")
        << read_json(path.parent_path() / "configs.json").at(path.stem().string());
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

INSTANTIATE_TEST_SUITE_P(
    Published,
    FamilyShapesTest,
    ::testing::ValuesIn(test::reference_files("data/model/hf_shapes",
                                              [](const std::filesystem::path& path) {
                                                  return path.extension() == ".json" &&
                                                         path.stem() != "configs";
                                              })),
    [](const auto& test) { return test::case_name(test); });

}  // namespace
}  // namespace mobi
