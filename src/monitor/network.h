/* network.h - whether it is our own network that fails, not the streams */
#pragma once

#include "finding/symptom.h"

G_BEGIN_DECLS

/* UsNeighbour: one watched stream, as the others see it. */
typedef struct {
  const char *host;        /* its name or address, without port; not owned */
  gboolean is_here;        /* on this machine: says nothing of the network */
  gboolean is_failing;     /* its newest polls got no answer at all */
  gboolean is_in_trouble;  /* its newest polls failed in any way */
  gint64 failing_since_us; /* monotonic */
  gint64 answered_us;      /* the newest good playlist; 0: none */
  gboolean is_slow;        /* its throughput is down on what is normal for it */
} UsNeighbour;

typedef enum { US_LOCAL_UNKNOWN, US_LOCAL_UP, US_LOCAL_DOWN } UsLocalNetwork;

/* UsNetworkView: what all streams together say. */
typedef struct {
  guint n_streams, n_failing, n_hosts, n_hosts_failing;
  gboolean is_failing_together; /* most failures began within ten seconds */
  gboolean is_down;             /* nothing may be concluded about any stream that fails */
} UsNetworkView;

void us_network_judge (const UsNeighbour *neighbours, guint n, UsLocalNetwork local,
                       UsNetworkView *view);
/* What the neighbours of stream @self say: the members of @symptoms under "elsewhere". */
void us_network_fill_symptoms (const UsNeighbour *neighbours, guint n, guint self,
                               UsLocalNetwork local, UsSymptoms *symptoms);
gboolean us_network_are_related (const char *host, const char *other);
gboolean us_network_is_here (const char *host);

G_END_DECLS
