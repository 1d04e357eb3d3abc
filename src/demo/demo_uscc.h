/* Made-up unified social credit codes (GB 32100-2015) with both check digits right: 91, the county,
 * the organisation body ALANnnnn, its check digit (GB 11714), the check digit. The body shows that
 * the code is the demo's. */
#pragma once
#include <glib.h>

enum { USCC_TEXT = 19 };
/* county: 6 digits; serial: 0..9999. Returns out. */
char *uscc_made_up(const char *county, guint serial, char out[static USCC_TEXT]);
/* The check digit of 8 characters of an organisation body. */
char organisation_check_digit(const char *body);
