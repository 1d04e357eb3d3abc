/* The tree of a condition or expression, shared by its parsers (condition.c, expression.c) and its
 * readers (condition_run.c and expression_run.c in memory, condition_sql.c to SQL). Private to
 * src/pack. AND and OR hold any number of children, so a long chain stays flat; what stands in
 * brackets nests at most CONDITION_DEPTH deep. */
#pragma once
#include "pack/pack.h"

enum { CONDITION_BYTES = 4000, CONDITION_DEPTH = 32, ARGUMENTS_MAX = 16, DECIMALS_MAX = 6 };

/* A number inside an expression is of this size, its inverse, or 0; what is larger counts as
 * empty, what is smaller as 0. So a few products stay inside a double on every back end. */
#define EXPRESSION_LARGEST 1e15
#define EXPRESSION_SMALLEST 1e-15

typedef struct ConditionNode ConditionNode;

typedef enum {
    OPERAND_LITERAL,
    OPERAND_NAME,
    OPERAND_ROW_NAME, /* a name of the row that an aggregate is at */
    OPERAND_RECORD,   /* $record.f */
    OPERAND_NOW,
    OPERAND_TODAY,
    OPERAND_ACTOR,
    OPERAND_CALL
} OperandKind;

typedef enum {
    FUNCTION_PLUS,
    FUNCTION_MINUS,
    FUNCTION_TIMES,
    FUNCTION_DIVIDE,
    FUNCTION_NEGATE,
    FUNCTION_ROUND,
    FUNCTION_LEAST,
    FUNCTION_GREATEST,
    FUNCTION_COALESCE,
    FUNCTION_CHOOSE,
    FUNCTION_DAYS,
    FUNCTION_AGE,
    FUNCTION_YEAR,
    FUNCTION_HOUR,
    FUNCTION_WORKDAY,
    FUNCTION_ADD,
    FUNCTION_CONCAT,
    FUNCTION_SM3,
    FUNCTION_WORST, /* of its arguments */
    FUNCTION_LOOKUP,
    FUNCTION_BAND,
    FUNCTION_SUM, /* from here on over rows */
    FUNCTION_MAX,
    FUNCTION_MIN,
    FUNCTION_AVG,
    FUNCTION_COUNT,
    FUNCTION_WORST_ROW,
    FUNCTIONS
} FunctionId;

typedef struct Operand Operand;
struct Operand {
    OperandKind kind;
    Term term;             /* its kind; for a literal also the value */
    char *text;            /* owned: a name, or what term.text points to */
    gint64 offset_ms;      /* $now and $today */
    const CodeList *codes; /* of a code; or NULL */

    FunctionId function;      /* OPERAND_CALL; the rest belongs to it too */
    GArray *arguments;        /* Operand */
    ConditionNode *condition; /* choose, count; or NULL */
    char *rows;               /* over these rows; or NULL */
    const PackTable *table;   /* lookup, band */
    guint column;             /* of the table */
    const Calendar *calendar; /* add, workday */
    Span span;                /* add: n 0 when the second argument is a code */
};

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

struct Expression {
    char *text;
    Operand root;
};

static inline const Operand *operand_at(const GArray *operands, guint i) {
    return &g_array_index(operands, Operand, i);
}

void operand_clear(gpointer operand);
void node_free(gpointer node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConditionNode, node_free)

/* Calls `visit` for each operand below a node or operand, itself included, until it returns true;
 * returns that. */
typedef gboolean (*OperandVisit)(gpointer data, const Operand *operand);
gboolean operand_any(const Operand *operand, OperandVisit visit, gpointer data);
gboolean node_any(const ConditionNode *node, OperandVisit visit, gpointer data);

const char *function_name(FunctionId id);

/* --- evaluation: condition_run.c, expression_run.c --- */

typedef enum { TRUTH_FALSE, TRUTH_UNKNOWN, TRUTH_TRUE } Truth;

typedef struct {
    const ConditionEnv *env;
    GStringChunk *texts; /* made when the first text is made */
    const char *rows;    /* the rows an aggregate is in, and where */
    guint row;
} Run;

Truth node_truth(Run *run, const ConditionNode *node);
/* The value, TERM_NONE when empty. */
Term operand_term(Run *run, const Operand *operand);
Term call_term(Run *run, const Operand *call);
char *run_text(Run *run, const char *text);
char *today_format(const Operand *operand, gint64 now_ms, char *buffer); /* TIME_TEXT bytes */
