/* fetched.h - what a request came to, as the detectors read it */
#pragma once

#include "http/client.h"
#include "monitor/facts.h"

G_BEGIN_DECLS

UsOutcome us_fetched_outcome_of_status (guint status);
void us_fetched_init (UsFetched *fetched);
void us_fetched_from_reply (UsFetched *fetched, const UsHttpReply *reply, gboolean has_condition);
void us_fetched_from_error (UsFetched *fetched, const GError *error, const UsHttpFacts *facts);

G_END_DECLS
