// pydbt-aarch64's entry: compiled for plain x86-64, so that a host below the baseline is told so in
// a sentence instead of by SIGILL.
//
// Owns: that check. Must not know: anything else (launch() does it).
#include <unistd.h>

#include <cstring>

namespace pydbt::usermode {
int launch(int argc, char** argv, char** envp);
}

int main(int argc, char** argv, char** envp) {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi2") ||
        !__builtin_cpu_supports("fma")) {
        static const char text[] =
            "pydbt-aarch64: this processor lacks AVX2, BMI2 or FMA; pydbt needs an x86-64-v3 "
            "processor (2013 or later)\n";
        [[maybe_unused]] ssize_t n = write(STDERR_FILENO, text, sizeof text - 1);
        return 126;
    }
    return pydbt::usermode::launch(argc, argv, envp);
}
