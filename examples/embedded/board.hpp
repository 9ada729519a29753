// All that the programs ask of a machine: a place for text. On the board the debugger shows it
// (start.cpp), on a workstation it is the standard output (host.cpp).
#pragma once

#include <cstddef>
#include <cstdint>

/// The program: 0 when all went well. Whoever starts it (start.cpp, host.cpp) hands that on.
int run();

namespace board {

void write(const char* text);

/// How many instructions the processor has executed since the first call, modulo 3.4e9, as QEMU counts
/// them; 0 on a workstation.
std::uint32_t instructions();
/// What a prediction took, on the board.
void write_instructions(std::uint32_t number);

/// A whole number with at least so many digits.
inline void write_number(std::size_t number, int digits = 1) {
    char text[21]{};  // twenty digits and the end
    char* first = text + 20;
    for (; number > 0 || digits > 0; number /= 10, --digits)
        *--first = static_cast<char>('0' + number % 10);
    write(first);
}

/// A number from 0 to 4000 with six decimals, the rest cut off. By whole numbers alone: printf
/// would cost more flash than the network's code, and a heap.
inline void write_fixed(float number) {
    const auto millionths = static_cast<std::size_t>(number * 1e6f);
    write_number(millionths / 1'000'000);
    write(".");
    write_number(millionths % 1'000'000, 6);
}

}  // namespace board
