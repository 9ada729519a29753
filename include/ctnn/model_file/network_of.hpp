// From the list of a model file to the type of the network and its weights.
#pragma once

#include <ctnn/layers/activations.hpp>
#include <ctnn/layers/average_pool2d.hpp>
#include <ctnn/layers/batch_normalization.hpp>
#include <ctnn/layers/borders.hpp>
#include <ctnn/layers/conv2d.hpp>
#include <ctnn/layers/conv2d_transpose.hpp>
#include <ctnn/layers/dense.hpp>
#include <ctnn/layers/depthwise_conv2d.hpp>
#include <ctnn/layers/elu.hpp>
#include <ctnn/layers/flatten.hpp>
#include <ctnn/layers/global_average_pool2d.hpp>
#include <ctnn/layers/global_max_pool2d.hpp>
#include <ctnn/layers/leaky_relu.hpp>
#include <ctnn/layers/max_pool2d.hpp>
#include <ctnn/layers/prelu.hpp>
#include <ctnn/layers/relu.hpp>
#include <ctnn/layers/reshape.hpp>
#include <ctnn/layers/scale_and_offset.hpp>
#include <ctnn/layers/sigmoid.hpp>
#include <ctnn/layers/softmax.hpp>
#include <ctnn/layers/tanh.hpp>
#include <ctnn/layers/up_sampling2d.hpp>
#include <ctnn/model_file/arrange.hpp>
#include <ctnn/model_file/read.hpp>
#include <ctnn/network.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace ctnn::detail {

/// A step without what only a reader needs: a constant of the program.
struct listed_step {
    step_kind kind{};
    std::array<std::size_t, 2> extents{}, stride{}, dilation{};
    bool is_same = false, has_bias = false, is_bilinear = false;
    std::array<std::size_t, 4> pads{};
    std::size_t filters = 0, groups = 1;
    model_fraction first{}, second{};
    model_shape output{};
};
template <std::size_t Entries, std::size_t Steps, std::size_t Arrays>
struct listed_model {
    model_shape input{};
    std::array<model_entry, Entries> entries{};
    std::array<listed_step, Steps> steps{};
    std::array<model_array, Arrays> arrays{};  // in the order of the list
};

/// What the compiler knows of a model file.
template <const auto& File>
struct model_in {
    struct found {
        model_mistake mistake{};
        std::size_t entries = 0, steps = 0, arrays = 0;
    };
    static constexpr found size = [] {
        const model_list list = read_model(File);
        found result{list.mistake, list.entries.size(), list.graph.steps.size(), 0};
        for (const model_step& step : list.graph.steps) result.arrays += step.arrays.size();
        return result;
    }();
    static constexpr std::size_t name_length = size.mistake.name.view().size();
    static constexpr auto name = [] {
        char letters[name_length + 1]{};
        std::copy_n(size.mistake.name.text.begin(), name_length, letters);
        return fixed_string(letters);
    }();
    using check = checked_model_file<size.mistake.what, name, size.mistake.number>;

    static constexpr auto model = [] {
        const model_list list = read_model(File);
        listed_model<size.entries, size.steps, size.arrays> result;
        result.input = list.graph.input;
        std::size_t array = 0;
        for (std::size_t i = 0; i < size.entries; ++i) {
            result.entries[i] = list.entries[i];
            if (list.entries[i].step != model_entry::branch &&
                !is_merge(list.graph.steps[list.entries[i].step].kind))
                for (const model_array& one : list.graph.steps[list.entries[i].step].arrays)
                    result.arrays[array++] = one;
        }
        for (std::size_t i = 0; i < size.steps && size.entries > 0; ++i) {
            const model_step& from = list.graph.steps[i];
            result.steps[i] = {from.kind,        from.extents, from.stride,
                               from.dilation,    from.is_same, from.arrays.size() > 1,
                               from.is_bilinear, from.pads,    from.filters,
                               from.groups,      from.first,   from.second,
                               from.output};
        }
        return result;
    }();
    /// Whether weights lie `shift` bytes behind a multiple of 4.
    static constexpr bool has_floats_at(std::size_t shift) noexcept {
        for (const model_array& array : model.arrays)
            if (array.is_in_file && array.first % 4 == shift) return true;
        return false;
    }
};

/// An option that a layer does not need, since it is the default.
struct no_option;
template <template <class...> class Layer, class Kept, class... Options>
struct with_needed;
template <template <class...> class Layer, class... Kept>
struct with_needed<Layer, option_pack<Kept...>> {
    using type = Layer<Kept...>;
};
template <template <class...> class Layer, class... Kept, class First, class... Rest>
struct with_needed<Layer, option_pack<Kept...>, First, Rest...>
    : with_needed<Layer,
                  std::conditional_t<std::is_same_v<First, no_option>, option_pack<Kept...>,
                                     option_pack<Kept..., First>>,
                  Rest...> {};
/// `Layer` with those of the options that are not `no_option`.
template <template <class...> class Layer, class... Options>
using with_needed_options = typename with_needed<Layer, option_pack<>, Options...>::type;
template <bool IsNeeded, class Option>
using if_needed = std::conditional_t<IsNeeded, Option, no_option>;

/// The options of a step, as a person would write them.
template <listed_step S>
struct options_of_step {
    static constexpr bool is_strided = S.stride[0] != 1 || S.stride[1] != 1;
    using kernel_size = kernel<S.extents[0], S.extents[1]>;
    using window_size = window<S.extents[0], S.extents[1]>;
    using strides = if_needed<is_strided, stride<S.stride[0], S.stride[1]>>;
    using window_strides = if_needed<S.stride != S.extents, stride<S.stride[0], S.stride[1]>>;
    using dilations =
        if_needed<S.dilation[0] != 1 || S.dilation[1] != 1, dilation<S.dilation[0], S.dilation[1]>>;
    using group_count = if_needed<S.groups != 1, groups<S.groups>>;
    using bias = if_needed<!S.has_bias, use_bias<false>>;
    static constexpr bool is_even = S.pads[0] == S.pads[1] && S.pads[2] == S.pads[3];
    using padding_by_hand =
        std::conditional_t<is_even && S.pads[0] == S.pads[2], padding<S.pads[0]>,
                           std::conditional_t<is_even, padding<S.pads[0], S.pads[2]>,
                                              padding<S.pads[0], S.pads[1], S.pads[2], S.pads[3]>>>;
    static constexpr bool is_padded = S.pads != std::array<std::size_t, 4>{};
    using pad = std::conditional_t<S.is_same, same, if_needed<is_padded, padding_by_hand>>;
};

template <std::size_t Filters>
struct convolution_of {
    template <class... Options>
    using layer = conv2d<Filters, Options...>;
};
template <std::size_t Filters>
struct transposed {
    template <class... Options>
    using layer = conv2d_transpose<Filters, Options...>;
};

template <step_kind Kind>
constexpr auto layer_without_options() noexcept {
    if constexpr (Kind == step_kind::relu)
        return std::type_identity<relu>{};
    else if constexpr (Kind == step_kind::relu6)
        return std::type_identity<relu6>{};
    else if constexpr (Kind == step_kind::prelu)
        return std::type_identity<prelu>{};
    else if constexpr (Kind == step_kind::selu)
        return std::type_identity<selu>{};
    else if constexpr (Kind == step_kind::sigmoid)
        return std::type_identity<sigmoid>{};
    else if constexpr (Kind == step_kind::hard_sigmoid)
        return std::type_identity<hard_sigmoid>{};
    else if constexpr (Kind == step_kind::hard_swish)
        return std::type_identity<hard_swish>{};
    else if constexpr (Kind == step_kind::swish)
        return std::type_identity<swish>{};
    else if constexpr (Kind == step_kind::tanh)
        return std::type_identity<hyperbolic_tangent>{};
    else if constexpr (Kind == step_kind::gelu)
        return std::type_identity<gelu>{};
    else if constexpr (Kind == step_kind::softplus)
        return std::type_identity<softplus>{};
    else if constexpr (Kind == step_kind::softsign)
        return std::type_identity<softsign>{};
    else if constexpr (Kind == step_kind::exponential)
        return std::type_identity<exponential>{};
    else if constexpr (Kind == step_kind::softmax)
        return std::type_identity<softmax>{};
    else if constexpr (Kind == step_kind::flatten)
        return std::type_identity<flatten>{};
    else if constexpr (Kind == step_kind::scale_and_offset)
        return std::type_identity<scale_and_offset>{};
    else if constexpr (Kind == step_kind::global_max_pool2d)
        return std::type_identity<global_max_pool2d>{};
    else
        return std::type_identity<global_average_pool2d>{};
}

/// The specification of a step that reads one value.
template <listed_step S>
constexpr auto layer_of_step() noexcept {
    using with = options_of_step<S>;
    if constexpr (S.kind == step_kind::conv2d)
        return std::type_identity<with_needed_options<
            convolution_of<S.filters>::template layer, typename with::kernel_size,
            typename with::strides, typename with::dilations, typename with::group_count,
            typename with::pad, typename with::bias>>{};
    else if constexpr (S.kind == step_kind::depthwise_conv2d)
        return std::type_identity<with_needed_options<
            depthwise_conv2d, typename with::kernel_size, typename with::strides,
            typename with::dilations, if_needed<S.filters != 1, depth_multiplier<S.filters>>,
            typename with::pad, typename with::bias>>{};
    else if constexpr (S.kind == step_kind::conv2d_transpose)
        return std::type_identity<
            with_needed_options<transposed<S.filters>::template layer, typename with::kernel_size,
                                typename with::strides, typename with::dilations,
                                typename with::pad, typename with::bias>>{};
    else if constexpr (S.kind == step_kind::dense)
        return std::type_identity<
            std::conditional_t<S.has_bias, dense<S.filters>, dense<S.filters, use_bias<false>>>>{};
    else if constexpr (S.kind == step_kind::max_pool2d)
        return std::type_identity<
            with_needed_options<max_pool2d, typename with::window_size,
                                typename with::window_strides, typename with::pad>>{};
    else if constexpr (S.kind == step_kind::average_pool2d)
        return std::type_identity<
            with_needed_options<average_pool2d, typename with::window_size,
                                typename with::window_strides, typename with::pad>>{};
    else if constexpr (S.kind == step_kind::batch_normalization)
        return std::type_identity<with_needed_options<
            batch_normalization, if_needed<S.first != model_fraction{1, 1000},
                                           epsilon<S.first.numerator, S.first.denominator>>>>{};
    else if constexpr (S.kind == step_kind::leaky_relu)
        return std::type_identity<
            leaky_relu<negative_slope<S.first.numerator, S.first.denominator>>>{};
    else if constexpr (S.kind == step_kind::elu)
        return std::type_identity<
            with_needed_options<elu, if_needed<S.first != model_fraction{1, 1},
                                               alpha<S.first.numerator, S.first.denominator>>>>{};
    else if constexpr (S.kind == step_kind::clip)
        return std::type_identity<clip<low<S.first.numerator, S.first.denominator>,
                                       high<S.second.numerator, S.second.denominator>>>{};
    else if constexpr (S.kind == step_kind::reshape)
        return std::type_identity<reshape<S.output.height, S.output.width, S.output.channels>>{};
    else if constexpr (S.kind == step_kind::zero_padding2d)
        return std::type_identity<zero_padding2d<S.pads[0], S.pads[1], S.pads[2], S.pads[3]>>{};
    else if constexpr (S.kind == step_kind::up_sampling2d)
        return std::type_identity<
            with_needed_options<up_sampling2d,
                                if_needed<S.extents != std::array<std::size_t, 2>{2, 2},
                                          factor<S.extents[0], S.extents[1]>>,
                                if_needed<S.is_bilinear, bilinear>>>{};
    else
        return layer_without_options<S.kind>();
}

/// Where the parts of entry `First` begin, one level below; those of a network, from 0 to the end.
template <class Model, std::size_t First, std::size_t Last>
constexpr auto parts_between() noexcept {
    constexpr auto& entries = Model::model.entries;
    constexpr std::size_t count = [] {
        std::size_t found = 0;
        for (std::size_t i = First; i < Last; i = Model::model.entries[i].end) ++found;
        return found;
    }();
    std::array<std::size_t, count> result{};
    for (std::size_t i = First, part = 0; i < Last; i = entries[i].end) result[part++] = i;
    return result;
}

template <class Model, std::size_t Entry>
struct entry_of_model;

/// `Into` of all parts between two places of the list.
template <template <class...> class Into, class Model, std::size_t First, std::size_t Last>
struct list_of_model {
    static constexpr auto parts = parts_between<Model, First, Last>();
    template <std::size_t... I>
    static std::type_identity<Into<typename entry_of_model<Model, parts[I]>::type...>>
        make(std::index_sequence<I...>);
    using type = typename decltype(make(std::make_index_sequence<parts.size()>{}))::type;
};

/// A branch of one layer is that layer.
template <class... Entries>
struct one_or_sequence {
    using type = sequence<Entries...>;
};
template <class Entry>
struct one_or_sequence<Entry> {
    using type = Entry;
};

template <step_kind Kind, class... Branches>
struct meeting_of_model;
template <class... Branches>
struct meeting_of_model<step_kind::add, Branches...> {
    using type = add<Branches...>;
};
template <class... Entries>
struct meeting_of_model<step_kind::add, sequence<Entries...>, sequence<>> {
    using type = residual<Entries...>;
};
template <class... Entries>
struct meeting_of_model<step_kind::add, sequence<>, sequence<Entries...>> {
    using type = residual<Entries...>;
};
template <>
struct meeting_of_model<step_kind::add, sequence<>, sequence<>> {
    using type = add<sequence<>, sequence<>>;
};
template <class... Branches>
struct meeting_of_model<step_kind::multiply, Branches...> {
    using type = multiply<Branches...>;
};
template <class... Branches>
struct meeting_of_model<step_kind::maximum, Branches...> {
    using type = maximum<Branches...>;
};
template <class... Branches>
struct meeting_of_model<step_kind::average, Branches...> {
    using type = average<Branches...>;
};
template <class... Branches>
struct meeting_of_model<step_kind::concatenate, Branches...> {
    using type = concatenate<Branches...>;
};

/// The type of an entry.
template <class Model, std::size_t Entry>
struct entry_of_model {
    static constexpr model_entry entry = Model::model.entries[Entry];
    template <class... Parts>
    struct branches_meet : meeting_of_model<Model::model.steps[entry.step].kind, Parts...> {};
    static constexpr auto choose() noexcept {
        if constexpr (entry.step == model_entry::branch)
            return typename list_of_model<one_or_sequence, Model, Entry + 1, entry.end>::type{};
        else if constexpr (is_merge(Model::model.steps[entry.step].kind))
            return typename list_of_model<branches_meet, Model, Entry + 1, entry.end>::type{};
        else
            return layer_of_step<Model::model.steps[entry.step]>();
    }
    using type = typename decltype(choose())::type;
};

template <class Model, bool IsGood = !Model::size.mistake>
struct network_of_model {
    static constexpr model_shape x = Model::model.input;
    template <class... Entries>
    using network_of = network<shape<x.height, x.width, x.channels>, Entries...>;
    using type = typename list_of_model<network_of, Model, 0, Model::size.entries>::type;
};
template <class Model>
struct network_of_model<Model, false> {
    static_assert(sizeof(typename Model::check) > 0);
    using type = network<shape<1, 1, 1>>;  // one mistake, one error
};

/// A file in parts, since a compiler copies a part faster than byte by byte.
template <std::size_t Count>
struct file_part {
    unsigned char bytes[Count];
};
template <std::size_t Before, std::size_t Here, std::size_t After>
struct file_parts {
    file_part<Before> before;
    file_part<Here> here;
    file_part<After> after;
};
template <std::size_t Before, std::size_t Here>
struct file_parts<Before, Here, 0> {
    file_part<Before> before;
    file_part<Here> here;
};
template <std::size_t Here, std::size_t After>
struct file_parts<0, Here, After> {
    file_part<Here> here;
    file_part<After> after;
};
template <std::size_t Here>
struct file_parts<0, Here, 0> {
    file_part<Here> here;
};

/// The floats that begin at byte `Shift`, and then every four bytes. To look at one costs the
/// compiler a tenth of putting it together from its bytes.
template <const auto& File, std::size_t Shift>
constexpr auto floats_of_file() noexcept {
    constexpr std::size_t count = (sizeof(File) - Shift) / 4;
    struct floats {
        float values[count];
    };
    using parts = file_parts<Shift, 4 * count, sizeof(File) - Shift - 4 * count>;
    return __builtin_bit_cast(floats, __builtin_bit_cast(parts, File).here);
}
template <const auto& File, std::size_t Shift>
inline constexpr auto floats_in = floats_of_file<File, Shift>();

/// The parameters, out of the file's bytes.
template <const auto& File, class Network>
constexpr parameters<Network> weights_of_model() noexcept {
    using model = model_in<File>;
    const std::array<const float*, 4> floats =
        []<std::size_t... Shift>(std::index_sequence<Shift...>) {
        const auto choose = []<std::size_t S>() -> const float* {
            if constexpr (model::has_floats_at(S))
                return floats_in<File, S>.values;
            else
                return nullptr;
        };
        return std::array<const float*, 4>{choose.template operator()<Shift>()...};
    }
    (std::make_index_sequence<4>{});
    parameters<Network> w{};
    float* to = w.elements;
    for (const model_array& from : model::model.arrays) {
        if (!from.is_in_file) {
            to = std::fill_n(to, from.size(), from.otherwise);
            continue;
        }
        const float* const first = floats[from.first % 4] + from.first / 4;
        for (std::size_t i = 0; i < from.extents[0]; ++i)
            for (std::size_t j = 0; j < from.extents[1]; ++j)
                for (std::size_t k = 0; k < from.extents[2]; ++k) {
                    const std::size_t step = from.strides[3] / 4, count = from.extents[3];
                    const float* at =
                        first +
                        (i * from.strides[0] + j * from.strides[1] + k * from.strides[2]) / 4;
                    for (std::size_t l = 0; l < count; ++l) *to++ = at[l * step];
                }
    }
    return w;
}

}  // namespace ctnn::detail
