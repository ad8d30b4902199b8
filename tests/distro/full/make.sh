# gcc and make: a project of 41 C files built by make -j4 and run, all under emulation
mkdir src; cd src; for i in $(seq 1 40); do printf '#include "all.h"\n#include <stdio.h>\nint f%d(int x) { int s = 0; for (int i = 0; i < x; i++) s += i * %d %% 13; return s; }\n' $i $i > f$i.c; done
(for i in $(seq 1 40); do echo "int f$i(int);"; done) > all.h; (echo '#include "all.h"'; echo '#include <stdio.h>'; echo 'int main(void) { long s = 0;'; for i in $(seq 1 40); do echo "s += f$i($i * 100);"; done; echo 'printf("%ld\n", s); }') > main.c
printf 'OBJS = $(patsubst %%.c,%%.o,$(wildcard *.c))\nprog: $(OBJS)\n\t$(CC) -o $@ $^\n%%.o: %%.c all.h\n\t$(CC) -O2 -Wall -c -o $@ $<\n' > Makefile
make -s -j4 && ./prog; touch f3.c; make -n | sed 's/prog .*/prog/'
