/* Kernels of floating point. */
#include <math.h>
#include <string.h>

#include "bench.h"
#include "check.h"

enum { BODIES = 5 };

struct body {
    double place[3];
    double speed[3];
    double mass;
};

static void advance(struct body* bodies, double step) {
    for (int i = 0; i < BODIES; ++i) {
        for (int j = i + 1; j < BODIES; ++j) {
            double distance[3];
            double square = 0;
            for (int k = 0; k < 3; ++k) {
                distance[k] = bodies[i].place[k] - bodies[j].place[k];
                square += distance[k] * distance[k];
            }
            double pull = step / (square * sqrt(square));
            for (int k = 0; k < 3; ++k) {
                bodies[i].speed[k] -= distance[k] * bodies[j].mass * pull;
                bodies[j].speed[k] += distance[k] * bodies[i].mass * pull;
            }
        }
    }
    for (int i = 0; i < BODIES; ++i) {
        for (int k = 0; k < 3; ++k) {
            bodies[i].place[k] += step * bodies[i].speed[k];
        }
    }
}

/* One round: 1000 steps of five bodies. */
uint64_t run_nbody(unsigned rounds) {
    struct body bodies[BODIES];
    for (int i = 0; i < BODIES; ++i) {
        bodies[i] = (struct body){
            {i * 4.0, i * i - 3.0, i * 0.5}, {0.1 * i, -0.2, 0.05 * i}, i == 0 ? 40.0 : 0.01 * i};
    }
    for (unsigned i = 0; i < rounds * 1000; ++i) {
        advance(bodies, 0.001);
    }
    return hash_bytes(HASH_START, bodies, sizeof bodies);
}

/* One round: a picture of 128 by 128 points, at most 100 steps each. */
uint64_t run_mandelbrot(unsigned rounds) {
    uint64_t total = 0;
    for (unsigned round = 0; round < rounds; ++round) {
        for (int row = 0; row < 128; ++row) {
            for (int column = 0; column < 128; ++column) {
                double x = column / 48.0 - 2 + round * 0.001;
                double y = row / 48.0 - 1.33;
                double a = 0;
                double b = 0;
                unsigned steps = 0;
                while (steps < 100 && a * a + b * b < 4) {
                    double next = a * a - b * b + x;
                    b = 2 * a * b + y;
                    a = next;
                    ++steps;
                }
                total = total * 3 + steps;
            }
        }
    }
    return total;
}

uint64_t run_matrix_float(unsigned rounds) {
    enum { SIZE = 96 };
    static float a[SIZE][SIZE];
    static float b[SIZE][SIZE];
    static float c[SIZE][SIZE];
    for (int i = 0; i < SIZE; ++i) {
        for (int j = 0; j < SIZE; ++j) {
            a[i][j] = (float)(i + j) * 0.25F;
            b[i][j] = (float)(i - j) * 0.125F;
        }
    }
    for (unsigned round = 0; round < rounds; ++round) {
        memset(c, 0, sizeof c);
        for (int i = 0; i < SIZE; ++i) {
            for (int k = 0; k < SIZE; ++k) {
                float factor = a[i][k];
                for (int j = 0; j < SIZE; ++j) {
                    c[i][j] += factor * b[k][j];
                }
            }
        }
        a[round % SIZE][round % 5] = c[round % 7][round % SIZE] * 0.0001F;
    }
    return hash_bytes(HASH_START, c, sizeof c);
}
