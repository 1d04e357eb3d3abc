/* A client of our own HTTP doors, over libcurl: one connection that is kept open, times bounded (2
 * s to connect, 15 s in all), answers up to 1 MiB. One thread owns an object. */
#pragma once
#include <glib.h>

typedef struct {
    const char *method, *path; /* path begins with '/' */
    const char *authorization; /* "Token T", "Bearer T" or NULL */
    const char *if_match;      /* or NULL */
    const char *content_type;  /* with a body */
    const char *body;          /* n bytes; NULL: none */
    gsize n;
} DemoRequest;

typedef struct DemoHttp DemoHttp;
DemoHttp *demo_http_new(const char *base_url);
void demo_http_free(DemoHttp *http);
/* The status, or 0 when there was no answer. */
int demo_http_send(DemoHttp *http, const DemoRequest *request);
/* Of the last answer: borrowed until the next; never NULL. */
const char *demo_http_body(const DemoHttp *http);
int demo_http_retry_after_s(const DemoHttp *http); /* 0: not said */
