// The same programs on a workstation, to compare with.
#include "board.hpp"

#include <cstdio>

void board::write(const char* text) {
    std::fputs(text, stdout);
}

int main() {
    return run();
}
