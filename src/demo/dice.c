#include "demo/dice.h"

static guint64 mix(guint64 z) {
    z = (z ^ (z >> 30)) * G_GUINT64_CONSTANT(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * G_GUINT64_CONSTANT(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static const guint64 golden = G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);

guint64 dice_hash(guint64 seed, guint64 a, guint64 b) {
    return mix(mix(mix(seed + golden) + a * golden) + b * golden + 1);
}

guint64 dice_hash_text(guint64 seed, const char *text) {
    guint64 hash = mix(seed + golden);
    for (; *text; text++)
        hash = mix(hash + (guchar)*text * golden);
    return hash;
}

double dice_unit_of(guint64 hash) { return (double)(hash >> 11) * 0x1p-53; }

double dice_normal_of(guint64 hash) {
    double sum = 0;
    for (int i = 0; i < 4; i++)
        sum += (double)(hash >> (16 * i) & 0xffff) / 65535.0;
    return (sum - 2) * 1.7320508075688772; /* variance of the sum is 4/12 */
}

guint64 dice_next(Dice *dice) { return mix(dice->state += golden); }

double dice_between(Dice *dice, double low, double high) {
    return low + (high - low) * dice_unit_of(dice_next(dice));
}

guint dice_pick(Dice *dice, guint n) {
    g_assert(n > 0);
    return (guint)(dice_next(dice) % n);
}

double dice_normal(Dice *dice) { return dice_normal_of(dice_next(dice)); }
