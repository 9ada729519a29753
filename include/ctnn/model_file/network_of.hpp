// From the list of a model file to the type of the network and its weights.
#pragma once

#include <ctnn/model_file/int8_weights.hpp>
#include <ctnn/model_file/model_in.hpp>
#include <ctnn/network.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace ctnn::detail {

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

template <class Model, class Rounding, bool IsGood = !Model::size.mistake>
struct network_of_model {
    static constexpr model_shape x = Model::model.input;
    template <class... Entries>
    using network_of = network<shape<x.height, x.width, x.channels>, Entries...>;
    using float_type = typename list_of_model<network_of, Model, 0, Model::size.entries>::type;
    static constexpr auto choose() noexcept {
        if constexpr (Model::model.is_int8())
            return std::type_identity<quantized<float_type, Rounding>>{};
        else
            return std::type_identity<float_type>{};
    }
    using type = typename decltype(choose())::type;
};
template <class Model, class Rounding>
struct network_of_model<Model, Rounding, false> {
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

template <const auto& File, class Network>
constexpr parameters<Network> float_weights_of_model() noexcept {
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

/// The parameters, out of the file's bytes.
template <const auto& File, class Network>
constexpr typename Network::parameters weights_of_model() noexcept {
    if constexpr (model_in<File>::model.is_int8())
        return int8_weights_of_model<File, Network>();
    else
        return float_weights_of_model<File, Network>();
}

}  // namespace ctnn::detail
