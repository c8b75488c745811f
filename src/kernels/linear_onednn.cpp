// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <iterator>
#include <map>
#include <vector>

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <oneapi/dnnl/dnnl.hpp>

#include "core/check.hpp"
#include "kernels/linear.hpp"
#include "kernels/workspace.hpp"

namespace mobi {
namespace {

using Type = dnnl::memory::data_type;
using Format = dnnl::memory::format_tag;

const dnnl::engine& engine() {
    static const dnnl::engine cpu(dnnl::engine::kind::cpu, 0);
    return cpu;
}

/// oneDNN multiplies bf16 with AVX-512 only (2.6: "Data Types", system-dependent).
bool multiplies_bf16() {
    static const bool answer = [] {
        try {
            const auto matrix = [](Format format) {
                return dnnl::memory::desc({16, 16}, Type::bf16, format);
            };
            const dnnl::matmul::desc product(matrix(Format::ab), matrix(Format::ba),
                                             matrix(Format::ab));
            return static_cast<bool>(dnnl::matmul::primitive_desc(product, engine()));
        } catch (const dnnl::error&) {
            return false;
        }
    }();
    return answer;
}

/// The type in which a product is computed.  Without products of bf16 its numbers, which all are
/// numbers of fp32 too, are multiplied as those and the result is rounded: summed in fp32, rounded
/// once, as everywhere, at the speed of fp32 and with twice the memory for the weight.
at::ScalarType computed_type(const LinearShape& shape) {
    MOBI_CHECK(shape.type == at::kFloat || shape.type == at::kBFloat16, "no products of this type");
    return shape.type == at::kBFloat16 && multiplies_bf16() ? at::kBFloat16 : at::kFloat;
}

Type type_of(const LinearShape& shape) {
    return computed_type(shape) == at::kFloat ? Type::f32 : Type::bf16;
}

/// W as oneDNN sees it: Wᵀ, (in, out).
dnnl::memory::desc plain_weight(const LinearShape& shape) {
    return {{shape.in, shape.out}, type_of(shape), Format::ba};
}

/// A product of `rows` rows whose weight lies as `weight` says, or as the library likes it best.
dnnl::matmul::primitive_desc describe_product(const LinearShape& shape,
                                              std::int64_t rows,
                                              const dnnl::memory::desc& weight) {
    dnnl::primitive_attr attributes;
    // the library's own working space must not be shared between threads
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    const dnnl::memory::desc x({rows, shape.in}, type_of(shape), Format::ab);
    const dnnl::memory::desc y({rows, shape.out}, type_of(shape), Format::ab);
    return {dnnl::matmul::desc(x, weight, y), attributes, engine()};
}

/// The layout that the library likes best for a full block of rows; used for every row count, so
/// that a weight is packed once.
dnnl::memory::desc packed_weight(const LinearShape& shape) {
    const dnnl::memory::desc any({shape.in, shape.out}, type_of(shape), Format::any);
    return describe_product(shape, kRowBlock, any).weights_desc();
}

/// A product that is ready to run.
struct Product {
    dnnl::matmul primitive;
    dnnl::memory x, weight, y, scratchpad;
};

/// What a thread has at hand: making a primitive costs as much as many products.
class ProductCache {
  public:
    Product& find(const LinearShape& shape, std::int64_t rows) {
        const Key key{shape.out, shape.in, static_cast<std::int64_t>(shape.type), rows};
        const auto found = products_.find(key);
        if (found != products_.end()) return found->second;
        const auto description = describe_product(shape, rows, packed_weight(shape));
        void* const no_data = DNNL_MEMORY_NONE;
        Product product{dnnl::matmul(description),
                        dnnl::memory(description.src_desc(), engine(), no_data),
                        dnnl::memory(description.weights_desc(), engine(), no_data),
                        dnnl::memory(description.dst_desc(), engine(), no_data),
                        dnnl::memory(description.scratchpad_desc(), engine())};
        return products_.emplace(key, std::move(product)).first->second;
    }
    dnnl::stream& stream() { return stream_; }

  private:
    using Key = std::array<std::int64_t, 4>;
    std::map<Key, Product> products_;
    dnnl::stream stream_{engine()};
};

ProductCache& product_cache() {
    thread_local ProductCache cache;
    return cache;
}

}  // namespace

std::string products_by() {
    const dnnl_version_t* version = dnnl_version();
    return fmt::format("oneDNN {}.{}.{}{}", version->major, version->minor, version->patch,
                       multiplies_bf16() ? "" : ", bf16 by fp32");
}

std::size_t packed_bytes(const LinearShape& shape) {
    return packed_weight(shape).get_size();
}

std::string packing(const LinearShape& shape) {
    const auto& layout = packed_weight(shape).data.format_desc.blocking;
    std::string text = fmt::format("oneDNN strides {} {}", layout.strides[0], layout.strides[1]);
    for (int i = 0; i < layout.inner_nblks; ++i)
        fmt::format_to(std::back_inserter(text), " {}{}", layout.inner_blks[i],
                       layout.inner_idxs[i] == 0 ? 'i' : 'o');
    return text;
}

void pack(const at::Tensor& weight, std::span<std::byte> target) {
    const LinearShape shape{weight.size(0), weight.size(1), weight.scalar_type()};
    MOBI_CHECK(weight.is_contiguous() && packed_bytes(shape) == target.size(),
               "{} bytes for a packed weight", target.size());
    const at::Tensor source = weight.to(computed_type(shape));
    dnnl::memory from(plain_weight(shape), engine(), source.data_ptr());
    dnnl::memory to(packed_weight(shape), engine(), target.data());
    dnnl::stream stream(engine());
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
}

void Linear::multiply(const at::Tensor& x, at::Tensor& y) const {
    MOBI_CHECK(x.is_contiguous() && y.is_contiguous() && x.size(1) == shape_.in &&
                   y.size(1) == shape_.out && x.size(0) == y.size(0),
               "a product wants contiguous rows");
    if (x.scalar_type() != computed_type(shape_)) {
        at::Tensor wide = at::empty(y.sizes(), y.options().dtype(computed_type(shape_)));
        multiply(x.to(computed_type(shape_)), wide);
        y.copy_(wide);
        return;
    }
    ProductCache& cache = product_cache();
    Product& product = cache.find(shape_, x.size(0));
    product.x.set_data_handle(x.data_ptr());
    product.weight.set_data_handle(const_cast<std::byte*>(packed_));  // only read
    product.y.set_data_handle(y.data_ptr());
    product.primitive.execute(cache.stream(), {{DNNL_ARG_SRC, product.x},
                                               {DNNL_ARG_WEIGHTS, product.weight},
                                               {DNNL_ARG_DST, product.y},
                                               {DNNL_ARG_SCRATCHPAD, product.scratchpad}});
}

}  // namespace mobi
