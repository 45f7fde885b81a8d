#include "ident.h"

#include "base/ascii.h"

static const struct {
    const char *name;
    const char *zh;
    const char *en;
} departments[] = {
    [DEPARTMENT_MARKET] = {"market", "市场监督管理", "market supervision"},
    [DEPARTMENT_HEALTH] = {"health", "卫生健康", "health"},
    [DEPARTMENT_INSURANCE] = {"insurance", "医疗保障", "medical insurance"},
    [DEPARTMENT_POLICE] = {"police", "公安", "police"},
    [DEPARTMENT_PROCURATORATE] = {"procuratorate", "人民检察院", "procuratorate"},
    [DEPARTMENT_COURT] = {"court", "人民法院", "court"},
    [DEPARTMENT_CREDIT] = {"credit", "信用信息平台", "credit platform"},
    [DEPARTMENT_PROCUREMENT] = {"procurement", "公共资源交易与采购", "procurement"},
    [DEPARTMENT_DRUG] = {"drug", "药品监督管理", "drug administration"},
    [DEPARTMENT_CUSTOMS] = {"customs", "海关", "customs"},
    [DEPARTMENT_TRANSPORT] = {"transport", "交通运输", "transport"},
    [DEPARTMENT_FINANCE] = {"finance", "财政与金融", "finance"},
    [DEPARTMENT_TAX] = {"tax", "税务", "tax"},
    [DEPARTMENT_MEDIA] = {"media", "广播电视与媒体", "media"},
    [DEPARTMENT_AGRICULTURE] = {"agriculture", "农业农村", "agriculture"},
    [DEPARTMENT_EDUCATION] = {"education", "教育", "education"},
    [DEPARTMENT_COMMERCE] = {"commerce", "商务", "commerce"},
    [DEPARTMENT_INDUSTRY] = {"industry", "工业和信息化", "industry"},
    [DEPARTMENT_SCIENCE] = {"science", "科学技术", "science"},
    [DEPARTMENT_HOUSING] = {"housing", "住房与自然资源", "housing and land"},
    [DEPARTMENT_LABOUR] = {"labour", "人力资源和社会保障", "labour and social security"},
    [DEPARTMENT_POST] = {"post", "邮政管理", "post"},
    [DEPARTMENT_CYBERSPACE] = {"cyberspace", "网信", "cyberspace administration"},
    [DEPARTMENT_DISCIPLINE] = {"discipline", "纪检监察", "discipline inspection"},
    [DEPARTMENT_JUSTICE] = {"justice", "司法行政", "justice"},
    [DEPARTMENT_CIVIL] = {"civil", "民政与群团", "civil affairs"},
    [DEPARTMENT_STANDARDS] = {"standards", "标准与检验机构", "standards and testing"},
    [DEPARTMENT_PUBLIC] = {"public", "公共服务机构", "public bodies"},
    [DEPARTMENT_WITNESS] = {"witness", "日志见证", "log witness"},
    [DEPARTMENT_REGISTRAR] = {"registrar", "成员登记", "registrar"},
    [DEPARTMENT_HUB] = {"hub", "枢纽", "hub"},
    [DEPARTMENT_ROOT] = {"root", "信任根", "realm root"},
};

enum { DEPARTMENT_COUNT = sizeof departments / sizeof departments[0] };

_Static_assert(DEPARTMENT_COUNT == 32, "a bit set of 32 in lianshu_Grant");

const char *department_name(unsigned bit)
{
    return bit < DEPARTMENT_COUNT ? departments[bit].name : NULL;
}

const char *department_zh(unsigned bit)
{
    return bit < DEPARTMENT_COUNT ? departments[bit].zh : NULL;
}

const char *department_en(unsigned bit)
{
    return bit < DEPARTMENT_COUNT ? departments[bit].en : NULL;
}

bool department_find(const char *name, unsigned *bit)
{
    for (unsigned i = 0; i < DEPARTMENT_COUNT; i++) {
        if (departments[i].name[0] == name[0] && strcmp(departments[i].name, name) == 0) {
            *bit = i;
            return true;
        }
    }
    return false;
}

/* [a-z]{2,16}(-[a-z0-9]{1,8})?\.[0-9]{6} */
enum err member_parse(const char *id, struct member *out)
{
    char department[DEPARTMENT_MAX + 1];

    size_t name_len = ascii_letters(id);
    if (name_len < 2 || name_len > DEPARTMENT_MAX)
        return ERR_IDENTIFIER;
    memcpy(department, id, name_len);
    department[name_len] = '\0';
    id += name_len;

    size_t unit_len = 0;
    if (*id == '-') {
        unit_len = ascii_word(++id, "");
        if (unit_len < 1 || unit_len > UNIT_MAX)
            return ERR_IDENTIFIER;
    }
    memcpy(out->unit, id, unit_len);
    out->unit[unit_len] = '\0';
    id += unit_len;

    if (*id != '.' || !region_valid(id + 1))
        return ERR_IDENTIFIER;
    memcpy(out->region, id + 1, REGION_LEN + 1);
    return department_find(department, &out->department) ? OK : ERR_MEMBER_UNKNOWN;
}

bool member_valid(const char *id)
{
    struct member m;
    return member_parse(id, &m) == OK;
}

bool member_is_hub(const char *id)
{
    return strncmp(id, "hub.", 4) == 0 || strncmp(id, "hub-", 4) == 0;
}
