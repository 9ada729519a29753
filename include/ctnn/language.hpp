// Stops the compiler, with a sentence, at a language older than C++20; and the two words that the
// library adds to it. Every header that includes no other one of the library includes this one
// first, so that nothing before it is read in vain.
#pragma once

#if defined(_MSVC_LANG)
#define CTNN_LANGUAGE _MSVC_LANG
#else
#define CTNN_LANGUAGE __cplusplus
#endif
#if CTNN_LANGUAGE < 202002L
#error "ctnn: the language must be at least C++20; compile with -std=c++20"
// An #error alone does not stop g++ and clang; a file that is not there does.
#include <compile_with/-std=c++20>
#endif
#undef CTNN_LANGUAGE

/// Behind the parameters of a lambda, before its body: always inlined, so that what it captures
/// stays in registers; not without optimization, where it would stay in memory and the compiler take
/// a third longer. It is the one place for an attribute that g++ and clang both obey.
#if defined(__GNUC__) && defined(__OPTIMIZE__)
#define CTNN_INLINED __attribute__((always_inline))
#else
#define CTNN_INLINED
#endif

/// Before a `for` loop with a constant number of rounds (at most 255): always unrolled, so that the
/// arrays it goes through stay in registers. A loop costs the compiler far less than a function for
/// every round: it is unrolled after the functions around it have been inlined and cleaned up.
#if defined(__clang__)
#define CTNN_UNROLLED _Pragma("clang loop unroll(full)")
#elif defined(__GNUC__)
#define CTNN_UNROLLED _Pragma("GCC unroll 255")
#else
#define CTNN_UNROLLED
#endif
