/* chain-json.h - what the switcher tells, member by member, fit to be told on */
#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

#define US_CHAIN_MAX_ITEMS 512 /* of one list */

typedef enum {
  US_CHAIN_TEXT,
  US_CHAIN_URL, /* without password and query for those who may not give orders */
  US_CHAIN_NUMBER,
  US_CHAIN_FLAG,
  US_CHAIN_OBJECT, /* of members */
  US_CHAIN_LIST,   /* of objects with these members */
  US_CHAIN_TEXTS,  /* a list of texts */
} UsChainType;

/* UsChainMember: one that an object is expected to have; a table ends with a row of zeros. */
typedef struct UsChainMember UsChainMember;
struct UsChainMember {
  const char *name;
  UsChainType type;
  const UsChainMember *members; /* nullable */
};

extern const UsChainMember us_chain_status[];  /* of GET /control/status */
extern const UsChainMember us_chain_streams[]; /* of the answer to a command */
extern const UsChainMember us_chain_drills[];  /* of GET /control/drills */
extern const UsChainMember us_chain_started[]; /* of the answer to the start of a drill */
extern const UsChainMember us_chain_ledger[];
extern const UsChainMember us_chain_ingest[]; /* of the ingest's /healthz */

void us_chain_add_members (JsonBuilder *json, JsonObject *from, const UsChainMember *members,
                           gboolean shows_all);
const char *us_chain_text (JsonObject *from, const char *name);
char *us_chain_origin_url (JsonObject *status, const char *origin);
char *us_chain_packager_url (const char *base_url);

G_END_DECLS
