/* Chance that can be repeated: hashes and a small generator (splitmix64, Steele et al. 2014) for
 * the demo. The same seed gives the same province, the same noise and the same incidents on every
 * machine. Pure; any thread. Never for secrets. */
#pragma once
#include <glib.h>

/* A number that depends on nothing but its arguments. */
guint64 dice_hash(guint64 seed, guint64 a, guint64 b);
guint64 dice_hash_text(guint64 seed, const char *text);
/* What a hash says: [0, 1), or a bell of mean 0 and deviation 1 that never leaves +-3.5 (sum of
 * four uniforms). */
double dice_unit_of(guint64 hash);
double dice_normal_of(guint64 hash);

typedef struct {
    guint64 state;
} Dice;
static inline Dice dice_new(guint64 seed) { return (Dice){seed}; }
guint64 dice_next(Dice *dice);
double dice_between(Dice *dice, double low, double high);
guint dice_pick(Dice *dice, guint n); /* 0 .. n-1 */
double dice_normal(Dice *dice);
