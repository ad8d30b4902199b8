# gcc and g++: compile, link and run C and C++ with threads, exceptions and the library, -O0 to -O3
cat > a.c <<'X'
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER; static long total;
static void* work(void* p) { for (int i = 0; i < 1000; i++) { pthread_mutex_lock(&m); total += (long)p; pthread_mutex_unlock(&m); } return p; }
static int cmp(const void* a, const void* b) { return *(const int*)a - *(const int*)b; }
int main(void) { pthread_t t[16]; for (long i = 0; i < 16; i++) pthread_create(t + i, 0, work, (void*)i); for (int i = 0; i < 16; i++) pthread_join(t[i], 0);
  int v[1000]; unsigned s = 1; for (int i = 0; i < 1000; i++) { s = s * 1103515245 + 12345; v[i] = s >> 8 & 0xffff; } qsort(v, 1000, sizeof *v, cmp); double x = 0; for (int i = 1; i < 100000; i++) x += sin(i) / i; printf("%ld %d %d %.12f %s\n", total, v[0], v[999], x, strerror(2)); return 42; }
X
cat > b.cpp <<'X'
#include <algorithm>
#include <future>
#include <iostream>
#include <map>
#include <regex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>
template <int N> struct Fib { static constexpr long value = Fib<N - 1>::value + Fib<N - 2>::value; }; template <> struct Fib<1> { static constexpr long value = 1; }; template <> struct Fib<0> { static constexpr long value = 0; };
int main() { std::map<std::string, int> m; for (int i = 0; i < 1000; i++) m["k" + std::to_string(i * 7919 % 100)] += i; std::cout << m.size() << ' ' << m["k42"] << ' ' << Fib<80>::value << '\n';
  try { throw std::runtime_error("thrown"); } catch (const std::exception& e) { std::cout << e.what() << '\n'; }
  std::vector<std::future<long>> f; for (int i = 0; i < 8; i++) f.push_back(std::async(std::launch::async, [i] { long s = 0; for (int k = 0; k < 10000; k++) s += k * i; return s; })); long s = 0; for (auto& x : f) s += x.get(); std::cout << s << ' ' << std::regex_replace(std::string("a1b22"), std::regex("[0-9]+"), "<$&>") << std::endl; }
X
for o in -O0 -O2 '-O3 -flto -fPIE -pie' '-O2 -static'; do gcc -Wall $o a.c -o a -lm -pthread && ./a; echo "$?"; g++ -std=c++20 $o b.cpp -o b && ./b; echo $?; done
gcc -x c -c - <<< 'int f( { return 1 }' ; echo $?; echo 'int f(int x) { return x * 7; }' | gcc -x c -O2 -shared -fPIC -o libf.so - && nm -D libf.so | grep ' f$' | cut -d' ' -f2-; gcc -g -O1 a.c -o g -lm && objdump -h g | grep -c debug; strip g && ./g | wc -l; echo 'x: .quad x' | as -o x.o && size x.o | tail -1 | awk '{print $1}'; ar rcs l.a x.o && ar t l.a
