// From reset to run() on a Cortex-M without an operating system: the vector table, what C++ wants
// done before its first line, text and exit code for the debugger, and how much memory was used.
#include "board.hpp"

#include <cstddef>
#include <cstdint>

// Places that the linker knows (mps2.ld); only their addresses mean something.
extern "C" std::uint32_t stack_bottom[], stack_top[], data_in_flash[], data_begin[], data_end[],
    bss_begin[], bss_end[];

namespace {

/// Asks the debugger for something: a probe, or QEMU. Without one the processor faults here; a
/// product would write to a serial port instead.
/// https://github.com/ARM-software/abi-aa/blob/main/semihosting/semihosting.rst
void semihost(std::uint32_t operation, const void* argument) {
    register std::uint32_t r0 asm("r0") = operation;
    register const void* r1 asm("r1") = argument;
    asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
}

[[noreturn]] void exit(int code) {
    constexpr std::uint32_t sys_exit_extended = 0x20, application_exit = 0x20026;
    const std::uint32_t reason[]{application_exit, static_cast<std::uint32_t>(code)};
    semihost(sys_exit_extended, reason);
    for (;;) {
    }
}

std::uint32_t bytes(const std::uint32_t* first, const std::uint32_t* last) {
    return static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(last) -
                                      reinterpret_cast<std::uintptr_t>(first));
}

/// The stack before its first use. What still looks so at the end was never used.
constexpr std::uint32_t paint = 0xC0DE'CAFE;

void report_memory() {
    const std::uint32_t* used = stack_bottom;
    while (used < stack_top && *used == paint) ++used;
    board::write("RAM: ");
    board::write_number(bytes(data_begin, data_end) + bytes(bss_begin, bss_end));
    board::write(" bytes of data, ");
    board::write_number(bytes(used, stack_top));
    board::write(" bytes of stack\n");
}

[[noreturn]] void fault() {
    board::write("the processor reports a fault\n");
    exit(2);
}

}  // namespace

extern "C" [[noreturn]] void reset() {
#ifdef __ARM_FP  // the floating-point unit is off at first: full access to coprocessors 10 and 11
    *reinterpret_cast<volatile std::uint32_t*>(0xE000'ED88) |= 0xFU << 20U;
    asm volatile("dsb\n isb");
#endif
    // Volatile, so that no function is called, whose part of the stack would be painted over.
    volatile std::uint32_t* here = nullptr;
    asm volatile("mov %0, sp" : "=r"(here));
    for (volatile std::uint32_t* p = stack_bottom; p < here; ++p) *p = paint;

    for (std::size_t i = 0; data_begin + i < data_end; ++i) data_begin[i] = data_in_flash[i];
    for (std::uint32_t* p = bss_begin; p < bss_end; ++p) *p = 0;

    const int code = run();
    report_memory();
    exit(code);
}

void board::write(const char* text) {
    constexpr std::uint32_t sys_write0 = 0x04;
    semihost(sys_write0, text);
}

namespace {

/// A timer of the MPS2 boards, which counts down at 25 MHz.
/// https://developer.arm.com/documentation/ddi0479/latest (APB timer)
struct timer {
    volatile std::uint32_t control, value, reload, interrupt;
};

}  // namespace

std::uint32_t board::instructions() {
    auto& timer0 = *reinterpret_cast<timer*>(0x4000'0000);
    constexpr std::uint32_t most = 0xFFFF'FFFF;
    if (timer0.control == 0) {
        timer0.reload = most;
        timer0.value = most;
        timer0.control = 1;
    }
    const std::uint32_t ticks = most - timer0.value;
    return ticks + ticks / 4;  // of 32 ns each: -icount shift=5
}
void board::write_instructions(std::uint32_t number) {
    write("instructions: ");
    write_number(number);
    write(" a prediction\n");
}

/// What the processor reads first, from address 0: where the stack begins, then whom to call.
/// Interrupts would follow; none is used.
struct vector_table {
    const void* stack;
    void (*reset)();
    void (*system[14])();  // NMI, the faults, SVCall, PendSV, SysTick
};
[[gnu::section(".vectors"), gnu::used]] extern const vector_table vectors{
    stack_top,
    reset,
    {fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
     fault}};
