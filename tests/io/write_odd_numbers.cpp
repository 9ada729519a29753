// Writes the header that header_compiled.cpp includes.
#include "support/odd_numbers.hpp"

#include <ctnn/io.hpp>

int main(int, char** argv) {
    ctnn::write_header(odd_numbers(), argv[1], {.name = "constant", .name_space = "odd"});
}
