// SPDX-License-Identifier: Apache-2.0
#include "learn/launch_counter.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <unordered_map>

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/record_function.h>

#include "core/check.hpp"

namespace mobi {
namespace {

enum class OperatorKind {
    Kernel,     // has a kernel of its own for the processor, and so for a GPU
    Composite,  // calls others, or (copy_) has one kernel for all devices
    Free        // a view, an allocation, or no tensor operator
};

struct Counts {
    bool counting = false;
    int kernels_open = 0;  // whose inner calls are not counted
    std::int64_t total = 0;
    std::map<std::string, std::int64_t> by_operator;
    std::unordered_map<c10::OperatorName, OperatorKind> kinds;
};

Counts& counts_of_thread() {
    thread_local Counts counts;
    return counts;
}

/// Reserves memory, or asks for a tensor's type.
bool computes_nothing(std::string_view name) {
    constexpr std::array<std::string_view, 5> kNames{
        "aten::resize_", "aten::_unsafe_view", "aten::set_", "aten::set_data", "aten::result_type"};
    return name.starts_with("aten::empty") || name.starts_with("aten::new_empty") ||
           std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

/// Whether what it returns is an argument, seen in another way.
bool is_view(const c10::FunctionSchema& schema) {
    const auto& results = schema.returns();
    return std::any_of(results.begin(), results.end(), [](const c10::Argument& result) {
        return result.alias_info() != nullptr && !result.alias_info()->isWrite();
    });
}

OperatorKind find_kind(const c10::OperatorName& name) {
    const auto found = c10::Dispatcher::singleton().findSchema(name);
    if (!found || computes_nothing(name.name)) return OperatorKind::Free;
    if (is_view(found->schema())) return OperatorKind::Free;
    return found->hasKernelForDispatchKey(c10::DispatchKey::CPU) ? OperatorKind::Kernel
                                                                 : OperatorKind::Composite;
}

OperatorKind kind_of(const c10::OperatorName& name) {
    auto& kinds = counts_of_thread().kinds;
    const auto known = kinds.find(name);
    if (known != kinds.end()) return known->second;
    return kinds.emplace(name, find_kind(name)).first->second;
}

/// What an operator found when it was called.
struct Call : at::ObserverContext {
    OperatorKind kind = OperatorKind::Free;
    std::int64_t total_before = 0;
};

std::unique_ptr<at::ObserverContext> begin_operator(const at::RecordFunction& function) {
    auto call = std::make_unique<Call>();
    Counts& counts = counts_of_thread();
    if (const auto name = function.operator_name()) call->kind = kind_of(*name);
    call->total_before = counts.total;
    if (call->kind == OperatorKind::Kernel) ++counts.kernels_open;
    return call;
}

void end_operator(const at::RecordFunction& function, at::ObserverContext* context) {
    const Call& call = *static_cast<const Call*>(context);
    Counts& counts = counts_of_thread();
    if (call.kind == OperatorKind::Kernel) --counts.kernels_open;
    if (call.kind == OperatorKind::Free || counts.kernels_open > 0) return;
    if (counts.total > call.total_before) return;  // a composite: what it called has been counted
    ++counts.total;
    ++counts.by_operator[function.name()];
}

}  // namespace

LaunchCounter::LaunchCounter() {
    Counts& counts = counts_of_thread();
    MOBI_CHECK(!counts.counting, "a thread has one launch counter at a time");
    counts.counting = true;
    counts.total = 0;
    counts.by_operator.clear();
    callback_ = at::addThreadLocalCallback(at::RecordFunctionCallback(begin_operator, end_operator)
                                               .scopes({at::RecordScope::FUNCTION}));
}

LaunchCounter::~LaunchCounter() {
    at::removeCallback(callback_);
    counts_of_thread().counting = false;
}

std::int64_t LaunchCounter::launches() const {
    return counts_of_thread().total;
}

const std::map<std::string, std::int64_t>& LaunchCounter::by_operator() const {
    return counts_of_thread().by_operator;
}

}  // namespace mobi
