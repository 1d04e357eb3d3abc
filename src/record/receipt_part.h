/* Canonical forms of receipts (docs/verify.md), for receipt.c and receipt_check.c only. */
#pragma once
#include "record/journal_hash.h"

/* SM3 of the purpose and the code in hex: under what it is kept, and what salts its commitment. */
char *receipt_hash(const char *purpose, const char *code, char out[static HASH_HEX]);
char *receipt_commitment(const char *salt, const char *type, const char *content,
                         char out[static HASH_HEX]);
/* The entry of a receipt; its id is the hash of the code, so it is the only one of its "record". */
/* What a code that was typed stands for; ERROR_RECEIPT. */
typedef struct {
    char code[21]; /* RECEIPT_CHARS and its end */
    char *type, *id, *diff;
    gint64 seq, time_ms;
} ReceiptFound;
gboolean receipt_load(Sql *sql, const char *typed, ReceiptFound *found, GError **error);
void receipt_found_clear(ReceiptFound *found);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ReceiptFound, receipt_found_clear)
void receipt_entry(const char *id, gint64 seq, gint64 time_ms, const char *diff, EntryTexts *entry);
