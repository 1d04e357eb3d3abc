/* The tree of a condition, shared by its parser (condition.c) and its two readers (condition_run.c:
 * in memory, and to SQL). Private to src/pack. AND and OR hold any number of children, so a long
 * chain stays flat; everything else nests at most CONDITION_DEPTH deep. */
#pragma once
#include "pack/condition.h"

enum { CONDITION_BYTES = 4000, CONDITION_DEPTH = 32 };

typedef enum {
    OPERAND_LITERAL,
    OPERAND_NAME,
    OPERAND_NOW,
    OPERAND_TODAY,
    OPERAND_ACTOR
} OperandKind;

typedef struct {
    OperandKind kind;
    Term term;        /* its kind; for a literal also the value */
    char *text;       /* owned: a name, or what term.text points to */
    gint64 offset_ms; /* $now and $today */
} Operand;

typedef enum {
    NODE_AND,     /* children */
    NODE_OR,      /* children */
    NODE_NOT,     /* one child */
    NODE_TRUTH,   /* truth */
    NODE_COMPARE, /* two operands, op */
    NODE_IN,      /* operand, then the list */
    NODE_BETWEEN, /* operand, low, high */
    NODE_LIKE,    /* operand, pattern */
    NODE_IS_NULL  /* operand */
} NodeKind;

typedef enum {
    COMPARE_EQUAL,
    COMPARE_NOT_EQUAL,
    COMPARE_LESS,
    COMPARE_LESS_EQUAL,
    COMPARE_GREATER,
    COMPARE_GREATER_EQUAL,
    COMPARES
} CompareOp;

typedef struct ConditionNode ConditionNode;
struct ConditionNode {
    NodeKind kind;
    CompareOp op;
    gboolean truth;
    int depth;           /* 0 for a leaf */
    GPtrArray *children; /* ConditionNode*, owned; NULL in leaves */
    GArray *operands;    /* Operand; NULL in AND, OR, NOT */
    char *like;          /* LIKE: the pattern for SQL, owned */
};

struct Condition {
    char *text;
    ConditionNode *root;
};
