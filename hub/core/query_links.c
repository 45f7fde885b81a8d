/* The tree of hubs as this one sees it, and probing a way through it. */
#include "core/query.h"
#include "keys/topology.h"

#include <stdio.h>
#include <string.h>

static void put_names(struct json *row, const struct registry_member *hub)
{
    lianshu_MemberRecord record;
    if (registry_record(hub, &record) != OK)
        return;
    json_put_text(row, "name_zh", record.name_zh);
    json_put_text(row, "name_en", record.name_en);
}

/* What we have cosigned of its log, and evidence against it. */
static enum err put_log(struct query *q, struct json *row, const char *hub)
{
    struct witnessed known;
    enum err err = witnessing_known(q->core, hub, &known);
    if (err != OK)
        return err;
    if (known.size > 0)
        json_put_uint(row, "log_cosigned", known.size);
    if (known.fork == OK)
        return OK;
    char label[ERR_LABEL_LEN + 1];
    err_label(known.fork, label);
    json_put_text(row, "log_fork", label);
    json_put_uint(row, "log_fork_leaf", known.leaf);
    json_put_ms(row, "log_fork_at", known.fork_ms);
    return OK;
}

/* What we know of a hub that we are linked with. */
static enum err put_link(struct query *q, struct json *row, const char *hub,
                         const struct link *link)
{
    struct core *core = q->core;
    const struct link_state state = link_state(core, hub);
    struct queue_counts counts;
    uint64_t documents = 0;
    uint64_t equal_ms = 0;
    enum err err = queue_counts(core->store->queue, hub, &counts);
    if (err == OK)
        err = roll_backlog(core, hub, &documents);
    if (err != OK)
        return err;
    json_put_text(row, "link", link_kind_name(link->kind));
    json_put_text(row, "state", state.up ? "up" : "down");
    json_put_ms(row, "since", state.since_ms);
    json_put_uint(row, "waiting", counts.ready + counts.leased);
    json_put_uint(row, "documents_waiting", documents);
    json_put_uint(row, "registry_version", state.version);
    json_put_flag(row, "registry_differs", state.differs);
    if (roll_freshness(core, hub, &equal_ms))
        json_put_ms(row, "list_equal", equal_ms);
    return OK;
}

static enum err put_hub(struct query *q, struct json *row, const struct registry_member *hub)
{
    const struct registry *r = q->core->opt.registry;
    const struct registry_member *up = topology_superior(r, hub);
    const struct link *link = link_of_member(q->core, hub->id);
    unsigned depth = 0;
    for (const struct registry_member *m = up; m != NULL && depth < TOPOLOGY_DEPTH_MAX; depth++)
        m = topology_superior(r, m);
    json_put_text(row, "hub", hub->id);
    json_put_text(row, "region", hub->region);
    put_names(row, hub);
    json_put_text(row, "superior", up == NULL ? "" : up->id);
    json_put_uint(row, "depth", depth);
    if (strcmp(hub->id, q->core->opt.member) == 0) {
        json_put_text(row, "link", "self");
        json_put_text(row, "state", "up");
        json_put_uint(row, "registry_version", registry_version(r));
    }
    enum err err = link == NULL ? OK : put_link(q, row, hub->id, link);
    return err == OK ? put_log(q, row, hub->id) : err;
}

/* Hubs in the order of the tree are hubs in the order of their regions: each behind its superior.
 */
enum err query_topology(struct query *q)
{
    const struct registry *r = q->core->opt.registry;
    struct json *list = json_list();
    enum err err = OK;
    json_put_text(q->answer, "hub", q->core->opt.member);
    json_put_uint(q->answer, "registry_version", registry_version(r));
    json_put_uint(q->answer, "links", q->core->opt.link_count);
    for (size_t i = 0; err == OK && i < topology_count(r); i++) {
        struct json *row = json_map();
        err = put_hub(q, row, topology_at(r, i));
        json_add(list, row);
    }
    json_put(q->answer, "hubs", list);
    return err;
}

/* A region, or a member: whose hub is asked. */
static const struct registry_member *home_of(struct query *q, const char *target)
{
    const struct registry *r = q->core->opt.registry;
    struct member member;
    if (region_valid(target))
        return topology_home(r, target);
    return member_parse(target, &member) == OK ? topology_home_of(r, target) : NULL;
}

static void put_way(struct query *q, const struct registry_member *from,
                    const struct registry_member *to)
{
    const struct registry_member *way[TOPOLOGY_WAY_MAX];
    struct json *list = json_list();
    const size_t count = topology_way(q->core->opt.registry, from, to, way);
    for (size_t i = 0; i < count; i++)
        json_add_text(list, way[i]->id);
    json_put(q->answer, "way", list);
}

/* One that goes to `home`, and its id in the answer. */
static enum err send_probe(struct query *q, const char *home, const char *target)
{
    struct core *core = q->core;
    lianshu_Probe body = {.target = ""};
    struct message_row *row;
    struct span frame;
    snprintf(body.target, sizeof body.target, "%s", target);
    const struct outgoing what = {.type = lianshu_DocumentType_TYPE_PROBE,
                                  .recipient = home,
                                  .purpose = "probe",
                                  .body = &body};
    enum err err = core_begin(core);
    if (err == OK)
        err = outgoing_send(core, &what);
    if (err == OK)
        err = outgoing_made(core, 0, &row, &frame);
    if (err == OK)
        json_put_hex(q->answer, "message_id", span_of(row->id, sizeof row->id));
    return err;
}

/* Whose hub is to be probed, if there is a way to it. */
static enum err probe_target(struct query *q, const char **target,
                             const struct registry_member **home)
{
    *target = json_get_text(q->args, "target");
    if (*target == NULL)
        return ERR_FIELD_MISSING;
    *home = home_of(q, *target);
    if (*home == NULL)
        return ERR_NO_HUB;
    return strcmp((*home)->id, q->core->opt.member) == 0 || relay_hop(q->core, (*home)->id) != NULL
               ? OK
               : ERR_NOT_FEDERATED;
}

enum err core_probe(struct core *core, struct span request, uint64_t now_ms, struct writer *answer)
{
    core_set_now(core, now_ms);
    core->output_ready = false;
    struct json *args = NULL;
    struct query q = {.core = core, .answer = json_map()};
    const struct registry_member *self = topology_hub(core->opt.registry, core->opt.member);
    const struct registry_member *home = NULL;
    const char *target = NULL;
    enum err err = json_parse(&args, request, "request", NULL);
    q.args = args;
    if (err == OK)
        err = probe_target(&q, &target, &home);
    if (err == OK && home != self)
        err = send_probe(&q, home->id, target);
    if (err == OK) {
        json_put_text(q.answer, "hub", home->id);
        json_put_ms(q.answer, "begun", core->now_ms);
        put_way(&q, self, home);
    }
    json_close(&args);
    if (err_class(err) == ERR_CLASS_FATAL || err_class(err) == ERR_CLASS_INTERNAL) {
        json_close(&q.answer);
        return err;
    }
    if (err != OK)
        query_error(&q, err, "");
    return query_finish(&q, answer);
}
