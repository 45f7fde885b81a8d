/* Checks what keys/topology.h promises: the tree of hubs, the ways through it, region groups. */
#include "unit/registry_world.h"

#include "keys/topology.h"

static struct registry *registry;
static struct region_groups *groups;

static void add_hub(lianshu_MemberRecord *record, const char *id)
{
    memset(record, 0, sizeof *record);
    snprintf(record->member, sizeof record->member, "%s", id);
    strcpy(record->name_zh, "枢纽");
    strcpy(record->name_en, "hub");
}

enum { FIRST_MS = 1000, LATER_MS = 2000 };

/* Its seal key is good from then on. */
static void give_key(lianshu_MemberRecord *record, uint64_t from_ms)
{
    struct key *key = NULL;
    lianshu_MemberKey *row = &record->keys[record->keys_count++];
    assert_int_equal(key_make(&key, KEY_USE_SEAL, 0, &f.realm->entropy), OK);
    *row = (lianshu_MemberKey){.use = lianshu_KeyUse_KEY_SEAL,
                               .valid_from_ms = from_ms,
                               .valid_until_ms = UINT64_C(1) << 50};
    memcpy(row->public_key, key_public(key), KEY_PUBLIC_LEN);
    key_close(&key);
}

/* A registry of these hubs and nobody else; with keys, `later` was added last. */
static void of_hubs_then(const char *const *ids, const char *later)
{
    static lianshu_MemberRecord records[16];
    static uint8_t bytes[64 << 10];
    struct registry_make make = realm_make(f.realm, 2);
    struct writer w = writer_of(bytes, sizeof bytes);
    size_t count = 0;
    make.region = "000000";
    for (; ids[count] != NULL; count++) {
        add_hub(&records[count], ids[count]);
        if (later != NULL)
            give_key(&records[count], strcmp(ids[count], later) == 0 ? LATER_MS : FIRST_MS);
    }
    assert_int_equal(registry_write(&make, records, count, &w, &f.fault), OK);
    registry_close(&registry);
    assert_int_equal(registry_open(&registry, &f.realm->anchor, writer_span(&w), 0, &f.fault), OK);
}

static void of_hubs(const char *const *ids)
{
    of_hubs_then(ids, NULL);
}

static const char *const tree[] = {"hub.000000", "hub.110000",   "hub.130000", "hub.220000",
                                   "hub.220100", "hub.440000",   "hub.440300", "hub.445100",
                                   "hub.445122", "hub-x.440600", NULL};

static int begin(void **state)
{
    struct fault fault = {0};
    (void)setup(state);
    of_hubs(tree);
    assert_int_equal(region_groups_open(&groups, "schemas/data/region_groups.csv", &fault), OK);
    return 0;
}

static int end(void **state)
{
    registry_close(&registry);
    region_groups_close(&groups);
    return teardown(state);
}

static const struct registry_member *hub(const char *id)
{
    const struct registry_member *member = topology_hub(registry, id);
    assert_non_null(member);
    return member;
}

/* Guarantee 1 */
static void a_region_is_served_by_the_hub_of_its_longest_prefix(void **state)
{
    static const struct {
        const char *region;
        const char *home;
    } rows[] = {
        {"445122", "hub.445122"}, {"445100", "hub.445100"}, {"445102", "hub.445100"},
        {"440300", "hub.440300"}, {"440305", "hub.440300"}, {"440600", "hub.440000"},
        {"220100", "hub.220100"}, {"220200", "hub.220000"}, {"650000", "hub.000000"},
        {"000000", "hub.000000"}, {"999999", "hub.000000"},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("%s\n", rows[i].region);
        assert_string_equal(topology_home(registry, rows[i].region)->id, rows[i].home);
    }
    assert_string_equal(topology_home_of(registry, "market.440605")->id, "hub.440000");
    assert_string_equal(topology_home_of(registry, "hub.445122")->id, "hub.445122");
    assert_int_equal(topology_count(registry), 9);
    assert_string_equal(topology_at(registry, 0)->id, "hub.000000");
    assert_null(topology_at(registry, 9));
}

static void what_is_no_region_and_no_node_has_no_hub(void **state)
{
    static const char *const wrong[] = {"", "44510", "4451000", "44510x", "hub.445100"};
    (void)state;
    for (size_t i = 0; i < T_COUNT(wrong); i++)
        assert_null(topology_home(registry, wrong[i]));
    assert_null(topology_home_of(registry, "market445100"));
    assert_null(topology_home_of(registry, "market.44510"));
    assert_null(topology_hub(registry, "hub.445102")); /* served, but by another */
    assert_null(topology_hub(registry, "hub-x.440600"));
    assert_null(topology_hub(registry, "market.445100"));
    char *shorter = strdup("hu"); /* than the name of any hub: nothing behind it is read */
    assert_non_null(shorter);
    assert_null(topology_hub(registry, shorter));
    free(shorter);
}

static void superiors_are_the_hubs_of_the_regions_above(void **state)
{
    (void)state;
    assert_null(topology_superior(registry, hub("hub.000000")));
    assert_string_equal(topology_superior(registry, hub("hub.440000"))->id, "hub.000000");
    assert_string_equal(topology_superior(registry, hub("hub.445122"))->id, "hub.445100");
    assert_string_equal(topology_superior(registry, hub("hub.440300"))->id, "hub.440000");
    assert_true(topology_under(hub("hub.445122"), hub("hub.440000")));
    assert_true(topology_under(hub("hub.445122"), hub("hub.445122")));
    assert_false(topology_under(hub("hub.440000"), hub("hub.445122")));
    assert_false(topology_under(hub("hub.220100"), hub("hub.440000")));
}

/* Guarantee 4 */
static void only_neighbours_of_the_tree_and_of_a_group_can_be_linked(void **state)
{
    static const struct {
        const char *at;
        const char *other;
        enum link_kind want;
    } rows[] = {
        {"hub.445100", "hub.440000", LINK_SUPERIOR},
        {"hub.440000", "hub.445100", LINK_SUBORDINATE},
        {"hub.110000", "hub.130000", LINK_PEER},
        {"hub.445100", "hub.000000", LINK_NONE}, /* two steps up */
        {"hub.445100", "hub.440300", LINK_NONE}, /* Chaozhou lies in no group with Shenzhen */
        {"hub.220000", "hub.110000", LINK_NONE},
        {"hub.440000", "hub.440000", LINK_NONE},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("%s %s\n", rows[i].at, rows[i].other);
        assert_int_equal(topology_link(registry, groups, hub(rows[i].at), hub(rows[i].other)),
                         rows[i].want);
    }
    assert_int_equal(topology_link(registry, NULL, hub("hub.110000"), hub("hub.130000")),
                     LINK_NONE);
    assert_int_equal(topology_link(registry, groups, hub("hub.440000"),
                                   registry_member(registry, "hub-x.440600")),
                     LINK_NONE);
    assert_int_equal(topology_link(registry, groups, registry_member(registry, "hub-x.440600"),
                                   hub("hub.440000")),
                     LINK_NONE);
}

static void the_next_hub_lies_down_across_or_up(void **state)
{
    static const struct link links[] = {
        {"hub.000000", LINK_SUPERIOR, 0},
        {"hub.130000", LINK_PEER, 0},
        {"hub.445100", LINK_SUBORDINATE, 0},
    };
    static const struct {
        const char *at;
        const char *home;
        const char *next; /* NULL: want */
        enum err want;
    } rows[] = {
        {"hub.440000", "hub.440000", "hub.440000", OK},
        {"hub.440000", "hub.445122", "hub.445100", OK},
        {"hub.440000", "hub.220100", "hub.000000", OK},
        {"hub.110000", "hub.130000", "hub.130000", OK}, /* across */
        {"hub.110000", "hub.445122", "hub.000000", OK},
        {"hub.440000", "hub.440300", NULL, ERR_NOT_FEDERATED},
        {"hub.000000", "hub.220100", NULL, ERR_NOT_FEDERATED},
    };
    const struct registry_member *next;
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("%s to %s\n", rows[i].at, rows[i].home);
        assert_int_equal(topology_next(registry, hub(rows[i].at), hub(rows[i].home), links,
                                       T_COUNT(links), &next),
                         rows[i].want);
        if (rows[i].next == NULL)
            assert_null(next);
        else
            assert_string_equal(next->id, rows[i].next);
    }
    assert_int_equal(topology_next(registry, hub("hub.440000"), NULL, links, T_COUNT(links), &next),
                     ERR_NO_HUB);
    assert_null(next);
}

/* Guarantee 2: the way is the same at any time. */
static void of_the_peers_that_hold_it_the_nearest_is_next_in_any_order(void **state)
{
    static const struct link peers[] = {
        {"hub.440000", LINK_PEER, 0}, {"hub.445100", LINK_PEER, 0},
        {"hub.220000", LINK_PEER, 0}, {"hub.330000", LINK_PEER, 0}, /* no member */
        {"hub.445122", LINK_NONE, 0},                               /* no peer */
    };
    struct link links[T_COUNT(peers)];
    const struct registry_member *next;
    (void)state;
    for (size_t turn = 0; turn < T_COUNT(peers); turn++) {
        for (size_t i = 0; i < T_COUNT(peers); i++)
            links[i] = peers[(i + turn) % T_COUNT(peers)];
        print_message("turn %zu\n", turn);
        assert_int_equal(topology_next(registry, hub("hub.110000"), hub("hub.445122"), links,
                                       T_COUNT(links), &next),
                         OK);
        assert_string_equal(next->id, "hub.445100");
    }
}

static void of_a_message_speak_the_hubs_on_its_way(void **state)
{
    static const struct {
        const char *hub;
        const char *sender;
        const char *recipient;
        bool speaks;
    } rows[] = {
        {"hub.445100", "market.445100", "police.220100", true},
        {"hub.440000", "market.445100", "police.220100", true},
        {"hub.000000", "market.445100", "police.220100", true},
        {"hub.220000", "market.445100", "police.220100", true},
        {"hub.220100", "market.445100", "police.220100", true},
        {"hub.440300", "market.445100", "police.220100", false}, /* beside it */
        {"hub.445122", "market.445100", "police.220100", false}, /* below it */
        {"hub.445102", "market.445100", "police.220100", false}, /* no hub */
        {"market.445100", "market.445100", "police.220100", false},
        {"hub.440000", "market", "police.445122", true},
        {"hub.440000", "market.445100", "police", true},
        {"hub.440000", "market", "police.220100", false},
        {"hub.440000", "market.220100", "police", false},
        {"hub.440000", "market", "police", false},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        print_message("row %zu\n", i);
        assert_int_equal(topology_speaks(registry, rows[i].hub, rows[i].sender, rows[i].recipient),
                         rows[i].speaks);
    }
}

static void a_tree_without_a_root_has_no_way_out(void **state)
{
    static const char *const rootless[] = {"hub.220100", "hub.440000", NULL};
    static const struct link links[] = {{"hub.220100", LINK_SUPERIOR, 0}};
    const struct registry_member *way[TOPOLOGY_WAY_MAX];
    const struct registry_member *next;
    (void)state;
    of_hubs(rootless);
    assert_null(topology_home(registry, "110000"));
    assert_null(topology_home_of(registry, "market.220200"));
    assert_null(topology_superior(registry, hub("hub.440000")));
    assert_int_equal(
        topology_next(registry, hub("hub.440000"), hub("hub.220100"), links, T_COUNT(links), &next),
        ERR_NO_HUB);
    assert_int_equal(topology_way(registry, hub("hub.440000"), hub("hub.220100"), way), 0);
    of_hubs(tree); /* what is no node lies at the end of no way */
    assert_int_equal(
        topology_way(registry, hub("hub.440000"), registry_member(registry, "hub-x.440600"), way),
        0);
}

static void before_a_hub_was_added_the_one_above_stood_in_its_place(void **state)
{
    static const char *const ids[] = {"hub.000000", "hub.220000", "hub.440000", "hub.445100", NULL};
    (void)state;
    of_hubs_then(ids, "hub.440000");
    const struct registry_member *nation = hub("hub.000000");
    const struct registry_member *province = hub("hub.440000");
    const struct registry_member *city = hub("hub.445100");
    assert_ptr_equal(topology_home_at(registry, "market.440600", LATER_MS), province);
    assert_ptr_equal(topology_home_at(registry, "market.440600", LATER_MS - 1), nation);
    assert_null(topology_home_at(registry, "market.440600", FIRST_MS - 1));
    assert_ptr_equal(topology_superior_at(registry, city, LATER_MS), province);
    assert_ptr_equal(topology_superior_at(registry, city, LATER_MS - 1), nation);
    assert_null(topology_superior_at(registry, nation, LATER_MS));
    for (unsigned turned = 0; turned < 2; turned++) {
        const struct registry_member *below = turned ? nation : city;
        const struct registry_member *above = turned ? city : nation;
        assert_true(topology_next_to(registry, below, above, LATER_MS - 1));
        assert_false(topology_next_to(registry, below, above, LATER_MS));
        assert_true(topology_next_to(registry, turned ? province : city, turned ? city : province,
                                     LATER_MS));
        assert_false(topology_next_to(registry, turned ? hub("hub.220000") : city,
                                      turned ? city : hub("hub.220000"), LATER_MS - 1));
    }
}

static void nobody_is_served_where_there_is_no_hub(void **state)
{
    static const char *const none[] = {"hub-x.440600", NULL};
    (void)state;
    of_hubs(none);
    assert_int_equal(topology_count(registry), 0);
    assert_null(topology_home(registry, "440600"));
    assert_null(topology_home(registry, "000000"));
    assert_null(topology_hub(registry, "hub.440600"));
    assert_null(topology_superior(registry, registry_member(registry, "hub-x.440600")));
}

/* Guarantees 2 and 3: from everywhere to everywhere the steps of topology_next are the way. */
static void step_by_step_one_gets_there_by_the_way_of_the_tree(void **state)
{
    struct link links[16];
    (void)state;
    for (size_t i = 0; i < topology_count(registry); i++)
        links[i] = (struct link){topology_at(registry, i)->id, LINK_SUPERIOR, 0};
    for (size_t a = 0; a < topology_count(registry); a++) {
        for (size_t b = 0; b < topology_count(registry); b++) {
            const struct registry_member *way[TOPOLOGY_WAY_MAX];
            const struct registry_member *at = topology_at(registry, a);
            const struct registry_member *to = topology_at(registry, b);
            const size_t len = topology_way(registry, at, to, way);
            assert_in_range(len, 1, TOPOLOGY_WAY_MAX);
            for (size_t i = 0; i < len; i++) {
                assert_ptr_equal(at, way[i]);
                assert_int_equal(
                    topology_next(registry, at, to, links, topology_count(registry), &at), OK);
            }
            assert_ptr_equal(way[len - 1], to);
        }
    }
}

static void the_groups_of_the_table_are_those_of_their_plans(void **state)
{
    (void)state;
    assert_true(region_groups_share(groups, "110000", "130100"));
    assert_true(region_groups_share(groups, "310000", "340000"));
    assert_true(region_groups_share(groups, "440100", "440305"));
    assert_false(region_groups_share(groups, "110000", "310000"));
    assert_false(region_groups_share(groups, "440100", "445100"));
    assert_false(region_groups_share(groups, "000000", "110000"));
}

static void a_table_of_groups_that_is_not_as_said_is_refused_with_its_line(void **state)
{
#define HEAD "code,zh,en,regions\n"
#define A32  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG A32 A32 A32 A32
    static const struct {
        const char *text;
        enum err want;
        unsigned line;
    } rows[] = {
        {"", ERR_SYNTAX, 1},
        {"code,zh,regions\n", ERR_SYNTAX, 1},
        {HEAD ",甲,a,110000 120000\n", ERR_SYNTAX, 2},
        {HEAD "a,,a,110000 120000\n", ERR_SYNTAX, 2},
        {HEAD "a,甲,\xff,110000 120000\n", ERR_SYNTAX, 2},
        {HEAD "a,甲,a,110000 120000\na,乙,b,130000 140000\n", ERR_SYNTAX, 3},
        {HEAD "a,甲,a,110000\n", ERR_REGION, 2},
        {HEAD "a,甲,a,120000 110000\n", ERR_REGION, 2},
        {HEAD "a,甲,a,110000 110000\n", ERR_REGION, 2},
        {HEAD "a,甲,a,110000  120000\n", ERR_REGION, 2},
        {HEAD "a,甲,a,110000 120000 \n", ERR_REGION, 2},
        {HEAD "a,甲,a,11000x 120000\n", ERR_REGION, 2},
        {HEAD "a,甲,a,110000 1200000\n", ERR_REGION, 2},
        {HEAD "a-code-that-is-longer-than-any,甲,a,110000 120000\n", ERR_SYNTAX, 2},
        {HEAD "a,\xff,a,110000 120000\n", ERR_SYNTAX, 2},
        {HEAD "a,甲,,110000 120000\n", ERR_SYNTAX, 2},
        {HEAD "a," LONG ",a,110000 120000\n", ERR_SYNTAX, 2},
        {HEAD "a,甲," LONG ",110000 120000\n", ERR_SYNTAX, 2},
    };
    (void)state;
    for (size_t i = 0; i < T_COUNT(rows); i++) {
        struct region_groups *g = NULL;
        struct fault fault = {0};
        print_message("row %zu\n", i);
        assert_int_equal(region_groups_parse(&g, span_str(rows[i].text), "t", &fault),
                         rows[i].want);
        assert_null(g);
        assert_int_equal(fault.line, rows[i].line);
    }
#undef HEAD
}

static void links_have_names(void **state)
{
    (void)state;
    assert_string_equal(link_kind_name(LINK_SUPERIOR), "superior");
    assert_string_equal(link_kind_name(LINK_SUBORDINATE), "subordinate");
    assert_string_equal(link_kind_name(LINK_PEER), "peer");
    assert_null(link_kind_name(LINK_NONE));
    assert_null(link_kind_name((enum link_kind)9));
}

static void a_table_holds_so_many_groups_of_so_many_regions(void **state)
{
    static char text[(REGION_GROUPS_MAX + 2) * 64];
    struct region_groups *g = NULL;
    struct fault fault = {0};
    size_t len = (size_t)snprintf(text, sizeof text, "code,zh,en,regions\n");
    (void)state;
    for (size_t i = 0; i <= REGION_GROUPS_MAX; i++)
        len += (size_t)snprintf(text + len, 64, "g%zu,a,a,110000 120000\n", i);
    assert_int_equal(region_groups_parse(&g, span_of(text, len), "t", &fault), ERR_TOO_LARGE);
    assert_int_equal(fault.line, REGION_GROUPS_MAX + 2);
    assert_null(g);
    static char wide[64 + 7 * (REGION_GROUP_REGIONS_MAX + 1)];
    len = (size_t)snprintf(wide, sizeof wide, "code,zh,en,regions\na,a,a,");
    for (size_t i = 0; i <= REGION_GROUP_REGIONS_MAX; i++)
        len += (size_t)snprintf(wide + len, 16, "%s%06zu", i == 0 ? "" : " ", 110000 + i);
    assert_int_equal(region_groups_parse(&g, span_of(wide, len), "t", &fault), ERR_REGION);
    assert_int_equal(region_groups_parse(&g, span_of(wide, len - 7), "t", &fault), OK);
    region_groups_close(&g);
}

#define TREE(fn) cmocka_unit_test_setup_teardown(fn, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TREE(a_region_is_served_by_the_hub_of_its_longest_prefix),
        TREE(what_is_no_region_and_no_node_has_no_hub),
        TREE(superiors_are_the_hubs_of_the_regions_above),
        TREE(only_neighbours_of_the_tree_and_of_a_group_can_be_linked),
        TREE(the_next_hub_lies_down_across_or_up),
        TREE(of_the_peers_that_hold_it_the_nearest_is_next_in_any_order),
        TREE(of_a_message_speak_the_hubs_on_its_way),
        TREE(a_tree_without_a_root_has_no_way_out),
        TREE(before_a_hub_was_added_the_one_above_stood_in_its_place),
        TREE(nobody_is_served_where_there_is_no_hub),
        TREE(step_by_step_one_gets_there_by_the_way_of_the_tree),
        TREE(the_groups_of_the_table_are_those_of_their_plans),
        TREE(a_table_of_groups_that_is_not_as_said_is_refused_with_its_line),
        TREE(links_have_names),
        cmocka_unit_test(a_table_holds_so_many_groups_of_so_many_regions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
