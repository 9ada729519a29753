// What options that are fractions are worth, and which of them are none: bounds from both sides.
#include <ctnn/layers/fractions.hpp>

using namespace ctnn;

static_assert(low<-1, 2>::value == -0.5f && high<6>::value == 6.0f);
static_assert(scale<1, 255>::value == 1.0f / 255.0f && offset<-3, 4>::value == -0.75f);
static_assert(negative_slope<1, 100>::value == 0.01f && negative_slope<2>::value == 2.0f);
static_assert(alpha<1, 2>::value == 0.5f && alpha<2>::value == 2.0f);
static_assert(momentum<99, 100>::value == 0.99f && epsilon<1, 1000>::value == 0.001f);
static_assert(rate<1, 4>::value == 0.25f && stddev<1, 10>::value == 0.1f);

// A denominator of 0 is no division by 0, and fits nowhere; nor does one below 0.
template <class... Options>
inline constexpr bool none_fits = (true && ... && !Options::fits);
template <class... Options>
inline constexpr bool all_fit = (true && ... && Options::fits);
static_assert(none_fits<low<1, 0>, high<1, 0>, scale<1, 0>, offset<1, 0>, negative_slope<1, 0>,
                        alpha<1, 0>, momentum<1, 0>, epsilon<1, 0>, rate<0, 0>, stddev<1, 0>>);
static_assert(
    none_fits<low<1, -1>, high<1, -1>, scale<1, -1>, offset<1, -1>, negative_slope<1, -1>,
              alpha<1, -1>, momentum<-1, -1>, epsilon<1, -1>, rate<-1, -2>, stddev<1, -1>>);

static_assert(all_fit<low<-7>, high<-7>, scale<-1>, offset<0>>);  // any sign
static_assert(all_fit<negative_slope<0>, negative_slope<3, 2>> && none_fits<negative_slope<-1>>);
static_assert(all_fit<alpha<1, 9>> && none_fits<alpha<0>, alpha<-1>>);
static_assert(all_fit<momentum<0>, momentum<1>> && none_fits<momentum<11, 10>, momentum<-1, 10>>);
static_assert(all_fit<epsilon<1, 1000>> && none_fits<epsilon<0>, epsilon<-1>>);
static_assert(all_fit<rate<0>, rate<99, 100>> && none_fits<rate<1>, rate<-1, 4>>);
static_assert(all_fit<stddev<0>, stddev<5>> && none_fits<stddev<-1, 5>>);

// No two are of one kind, so that a layer can tell them apart.
static_assert(low<1>::kind != high<1>::kind && scale<1>::kind != offset<1>::kind &&
              alpha<1>::kind != negative_slope<1>::kind && momentum<1>::kind != epsilon<1>::kind &&
              rate<1, 2>::kind != stddev<1>::kind);
