/* keys.h - answers that are given again when the same request comes again (Idempotency-Key) */
#pragma once

#include "http/server.h"

G_BEGIN_DECLS

#define US_API_KEYS_MAX 1000
#define US_API_KEYS_US ((gint64)600 * G_USEC_PER_SEC) /* how long an answer is kept */
#define US_API_KEY_MAX 255                            /* characters */

typedef enum {
  US_API_KEY_NEW,     /* go on, and us_api_keys_keep() the answer */
  US_API_KEY_AGAIN,   /* @response is the answer of the first time */
  US_API_KEY_REFUSED, /* @response says why */
} UsApiKeyResult;

typedef struct UsApiKeys UsApiKeys;

UsApiKeys *us_api_keys_new (void);
void us_api_keys_free (UsApiKeys *keys);
/* @who: keys of different people are different. */
UsApiKeyResult us_api_keys_ask (UsApiKeys *keys, const char *who, const UsHttpRequest *request,
                                gint64 now_us, UsHttpResponse *response);
/* The answer of what us_api_keys_ask() called new. One that tells of no success is forgotten. */
void us_api_keys_keep (UsApiKeys *keys, const char *who, const char *key,
                       const UsHttpResponse *response);

G_END_DECLS
