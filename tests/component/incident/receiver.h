/* receiver.h - somebody who is told: records requests, answers as it is bid */
#pragma once

#include <gio/gio.h>

typedef struct {
  char *head; /* request line and headers */
  char *body;
} Received;

typedef struct Receiver Receiver;

Receiver *receiver_new (void);
void receiver_free (Receiver *receiver);
char *receiver_url (Receiver *receiver, const char *path);
/* The answers to the next requests: status lines with headers, "500 Oops" or "429 X\r\nRetry-After:
 * 9"; NULL: none at all. After these, "204 No Content". */
void receiver_answer (Receiver *receiver, const char *status);
void receiver_answer_nothing (Receiver *receiver);
/* Waits until @n requests have come. Returns: (transfer none): the last of them */
const Received *receiver_wait (Receiver *receiver, guint n);
guint receiver_count (Receiver *receiver);
char *receiver_header (const Received *received, const char *name);
