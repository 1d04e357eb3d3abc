/* The flow of a type drawn for people: as text for a terminal, and as a graph in the language DOT
 * of Graphviz. Pure. */
#pragma once
#include "pack/pack.h"

/* States with their to-do, moves with who makes them and what they ask and cause, clocks. Caller
 * frees. */
char *flow_text(const Packs *packs, const RecordType *type, Lang lang);
/* States as boxes, moves as arrows (dashed: made by the machine); moves that stay in a state are
 * lines in its box. Caller frees. */
char *flow_dot(const Packs *packs, const RecordType *type, Lang lang);
/* The legal timers, one a line: name, span, title, source mark, basis, clocks that name it; by
 * tabs. */
char *timers_text(const Packs *packs, Lang lang);
