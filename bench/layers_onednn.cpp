// bench/layers' layers on oneDNN 2, on one thread: formats are the library's choice, and nothing is
// reordered in what is timed.
#include "layers.hpp"
#include "peak.hpp"

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include <string_view>
#include <unordered_map>

namespace bench {
namespace {

using dims = dnnl::memory::dims;
using dnnl::prop_kind;

const dnnl::engine& engine() {
    static const dnnl::engine cpu = [] {
        omp_set_num_threads(1);
        return dnnl::engine(dnnl::engine::kind::cpu, 0);
    }();
    return cpu;
}

dnnl::memory make(const dnnl::memory::desc& desc) {
    dnnl::memory m(desc, engine());
    auto* const numbers = static_cast<float*>(m.get_data_handle());
    for (std::size_t i = 0; i < desc.get_size() / sizeof(float); ++i) numbers[i] = value(i);
    return m;
}

/// Primitives in order, each with its arguments as the C interface takes them: the C++ one would
/// build a map at every call.
class program {
public:
    bool is_winograd = false;
    void add(const dnnl::primitive& primitive,
             const std::unordered_map<int, dnnl::memory>& arguments) {
        command& c = commands_.emplace_back(command{primitive, {}});
        for (const auto& [role, m] : arguments) {
            c.arguments.push_back({role, m.get()});
            kept_.push_back(m);
        }
    }
    void operator()() const {
        for (const command& c : commands_)
            dnnl::error::wrap_c_api(dnnl_primitive_execute(c.primitive.get(), stream_.get(),
                                                           static_cast<int>(c.arguments.size()),
                                                           c.arguments.data()),
                                    "a primitive failed");
    }

private:
    struct command {
        dnnl::primitive primitive;
        std::vector<dnnl_exec_arg_t> arguments;
    };
    dnnl::stream stream_{engine()};
    std::vector<command> commands_;
    std::vector<dnnl::memory> kept_;
};

dnnl::primitive_attr with_relu(bool relu) {
    dnnl::post_ops after;
    if (relu) after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    dnnl::primitive_attr attributes;
    attributes.set_post_ops(after);
    return attributes;
}

dnnl::memory::dim signed_size(std::size_t n) {
    return static_cast<dnnl::memory::dim>(n);
}
dims pair(std::size_t row, std::size_t column) {
    return {signed_size(row), signed_size(column)};
}

/// The problem's numbers as oneDNN takes them.
struct sizes {
    dims x, kernel, bias, y, strides, dilations, before, after;
    dnnl::algorithm algorithm;
    sizes(const problem& p, std::size_t images, bool direct)
        : algorithm(direct ? dnnl::algorithm::convolution_direct
                           : dnnl::algorithm::convolution_auto) {
        const ctnn::detail::axis &rows = p.conv.rows, &columns = p.conv.columns;
        const std::size_t groups = p.conv.groups;
        const auto n = signed_size(images), c = signed_size(p.conv.channels),
                   f = signed_size(p.conv.filters);
        bias = {f};
        if (p.is_dense) {
            x = {n, c};
            kernel = {f, c};
            y = {n, f};
            return;
        }
        const auto g = signed_size(groups);
        x = {n, c, signed_size(rows.input), signed_size(columns.input)};
        kernel = {f / g, c / g, signed_size(rows.taps), signed_size(columns.taps)};
        if (groups > 1) kernel.insert(kernel.begin(), g);
        y = {n, f, signed_size(rows.output()), signed_size(columns.output())};
        strides = pair(rows.stride, columns.stride);
        dilations = pair(rows.dilation - 1, columns.dilation - 1);
        before = pair(rows.before, columns.before);
        // A remainder that no window sees: oneDNN wants the padding that fits exactly.
        const auto seen = [](const ctnn::detail::axis& a) {
            return (a.output() - 1) * a.stride + a.reach();
        };
        const auto behind = [&](const ctnn::detail::axis& a) {
            return signed_size(seen(a)) - signed_size(a.before + a.input);
        };
        after = {behind(rows), behind(columns)};
    }
};

dnnl::memory::desc any(const dims& d) {
    return {d, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any};
}
dnnl::memory::desc vector(const dims& d) {
    return {d, dnnl::memory::data_type::f32, dnnl::memory::format_tag::x};
}

dnnl::convolution_forward::primitive_desc convolution(const sizes& s, prop_kind kind, bool relu) {
    return {{kind, s.algorithm, any(s.x), any(s.kernel), vector(s.bias), any(s.y), s.strides,
             s.dilations, s.before, s.after},
            with_relu(relu),
            engine()};
}
dnnl::inner_product_forward::primitive_desc inner_product(const sizes& s, prop_kind kind) {
    return {{kind, any(s.x), any(s.kernel), vector(s.bias), any(s.y)}, engine()};
}

template <class Desc>
bool uses_winograd(const Desc& desc) {
    return std::string_view(desc.impl_info_str()).find("wino") != std::string_view::npos;
}

template <class Primitive, class Desc>
dnnl::memory add_forward(program& to, const Desc& desc) {
    const dnnl::memory y = make(desc.dst_desc());
    to.is_winograd = uses_winograd(desc);
    to.add(Primitive(desc), {{DNNL_ARG_SRC, make(desc.src_desc())},
                             {DNNL_ARG_WEIGHTS, make(desc.weights_desc())},
                             {DNNL_ARG_BIAS, make(desc.bias_desc())},
                             {DNNL_ARG_DST, y}});
    return y;
}

program forward(const problem& p, const sizes& s, prop_kind kind) {
    program result;
    if (p.is_dense) {
        add_forward<dnnl::inner_product_forward>(result, inner_product(s, kind));
        return result;
    }
    const bool pools = p.window_rows * p.window_columns > 1;
    const dnnl::memory y =
        add_forward<dnnl::convolution_forward>(result, convolution(s, kind, pools));
    if (pools) {
        const dims window = pair(p.window_rows, p.window_columns);
        const dims pooled{s.y[0], s.y[1], s.y[2] / window[0], s.y[3] / window[1]};
        const dnnl::pooling_forward::primitive_desc desc({prop_kind::forward_inference,
                                                          dnnl::algorithm::pooling_max,
                                                          y.get_desc(),
                                                          any(pooled),
                                                          window,
                                                          window,
                                                          {0, 0},
                                                          {0, 0}},
                                                         engine());
        result.add(dnnl::pooling_forward(desc),
                   {{DNNL_ARG_SRC, y}, {DNNL_ARG_DST, make(desc.dst_desc())}});
    }
    return result;
}

/// The faster of the two: what oneDNN chooses for inference is not always.
program fastest_forward(const problem& p, const sizes& s) {
    const auto seconds_of = [](const program& some) {
        double least = 1.0;
        for (int n = 0; n < 5; ++n) {
            const double start = seconds();
            some();
            least = std::min(least, seconds() - start);
        }
        return least;
    };
    program inference = forward(p, s, prop_kind::forward_inference);
    program training = forward(p, s, prop_kind::forward_training);
    return seconds_of(inference) <= seconds_of(training) ? inference : training;
}

template <class Primitive, class Desc>
program for_data(const Desc& desc) {
    program result;
    result.is_winograd = uses_winograd(desc);
    result.add(Primitive(desc), {{DNNL_ARG_DIFF_DST, make(desc.diff_dst_desc())},
                                 {DNNL_ARG_WEIGHTS, make(desc.weights_desc())},
                                 {DNNL_ARG_DIFF_SRC, make(desc.diff_src_desc())}});
    return result;
}
template <class Primitive, class Desc>
program for_weights(const Desc& desc) {
    program result;
    result.is_winograd = uses_winograd(desc);
    result.add(Primitive(desc), {{DNNL_ARG_SRC, make(desc.src_desc())},
                                 {DNNL_ARG_DIFF_DST, make(desc.diff_dst_desc())},
                                 {DNNL_ARG_DIFF_WEIGHTS, make(desc.diff_weights_desc())},
                                 {DNNL_ARG_DIFF_BIAS, make(desc.diff_bias_desc())}});
    return result;
}

program backward(const problem& p, const sizes& s, work kind) {
    constexpr auto training = prop_kind::forward_training;
    if (p.is_dense) {
        const auto hint = inner_product(s, training);
        if (kind == input_gradient)
            return for_data<dnnl::inner_product_backward_data>(
                dnnl::inner_product_backward_data::primitive_desc(
                    {any(s.x), any(s.kernel), any(s.y)}, engine(), hint));
        return for_weights<dnnl::inner_product_backward_weights>(
            dnnl::inner_product_backward_weights::primitive_desc(
                {any(s.x), any(s.kernel), vector(s.bias), any(s.y)}, engine(), hint));
    }
    const auto hint = convolution(s, training, false);
    if (kind == input_gradient)
        return for_data<dnnl::convolution_backward_data>(
            dnnl::convolution_backward_data::primitive_desc({s.algorithm, any(s.x), any(s.kernel),
                                                             any(s.y), s.strides, s.dilations,
                                                             s.before, s.after},
                                                            engine(), hint));
    return for_weights<dnnl::convolution_backward_weights>(
        dnnl::convolution_backward_weights::primitive_desc({s.algorithm, any(s.x), any(s.kernel),
                                                            vector(s.bias), any(s.y), s.strides,
                                                            s.dilations, s.before, s.after},
                                                           engine(), hint));
}

}  // namespace

peer_call onednn_call(const problem& p, work kind, bool direct) {
    const sizes s(p, kind == forward_one ? 1 : batch, direct);
    const program run =
        kind == forward_one || kind == forward_batch ? fastest_forward(p, s) : backward(p, s, kind);
    return {run, run.is_winograd};
}

}  // namespace bench
