// How often a program that is linked with allocations.cpp has taken memory from the heap, be it
// with malloc or with new.
#pragma once

#include <atomic>
#include <cstddef>

extern std::atomic<std::size_t> allocations;
