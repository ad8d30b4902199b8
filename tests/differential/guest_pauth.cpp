// Signs and authenticates pointers as an AArch64 Linux program, for
// tests/differential/test_pauth.py.
//
// Owns: one instruction an operation. Must not know: keys, what runs it.
//
//   guest_pauth < {operation, pointer, modifier as 64 bits each} > {result}
#include <unistd.h>

#include <cstdint>

namespace {

struct Request {
    uint64_t operation, pointer, modifier;
};

#define SIGN(text)                                             \
    asm(".arch armv8.5-a\n" text : "+r"(v) : "r"(r.modifier)); \
    return v

uint64_t result_of(const Request& r) {
    uint64_t v = r.pointer;
    switch (r.operation) {
        case 0: SIGN("pacia %0, %1");
        case 1: SIGN("pacib %0, %1");
        case 2: SIGN("pacda %0, %1");
        case 3: SIGN("pacdb %0, %1");
        case 4: SIGN("pacia %0, %1; autia %0, %1");
        case 5: SIGN("pacib %0, %1; autib %0, %1");
        case 6: SIGN("pacda %0, %1; autda %0, %1");
        case 7: SIGN("pacdb %0, %1; autdb %0, %1");
        case 8: SIGN("pacga %0, %0, %1");
        case 9: SIGN("xpaci %0");
        default: SIGN("xpacd %0");
    }
}

}  // namespace

int main() {
    Request request;
    while (read(0, &request, sizeof request) == sizeof request) {
        uint64_t result = result_of(request);
        if (write(1, &result, sizeof result) != sizeof result) return 1;
    }
    return 0;
}
