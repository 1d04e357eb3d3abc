/* Canonical forms of receipts (docs/verify.md), for receipt.c and receipt_check.c only. */
#pragma once
#include "record/journal_hash.h"

/* SM3 of the purpose and the code in hex: under what it is kept, and what salts its commitment. */
char *receipt_hash(const char *purpose, const char *code, char out[static HASH_HEX]);
char *receipt_commitment(const char *salt, const char *type, const char *content,
                         char out[static HASH_HEX]);
/* The entry of a receipt; its id is the hash of the code, so it is the only one of its "record". */
void receipt_entry(const char *id, gint64 seq, gint64 time_ms, const char *diff, EntryTexts *entry);
