"""Stories that cross provinces, told by files in the members' folders: a case of Chaozhou with assistance
from Changchun, and a recall. Links are cut and healed on the way."""

import glob
import json
import time

import realm

COMPANY = {"code": "91445100DEMA00013Q", "name": "演示药店"}
PAPERS = {"移送书": "referral.txt", "调查报告": "inquiry.txt", "物品清单": "goods.txt", "检验报告": "laboratory.txt"}


def now(form):
    return time.strftime(form, time.gmtime(time.time() + 8 * 3600))


def market_time():
    return now("%Y年%m月%d日 %H:%M")


def market_date():
    return now("%Y年%m月%d日")


def paper(name):
    return f"演示材料 {name}\n".encode() * 2000


def put_papers(f, region, member, names):
    for name in names:
        f.put(region, member, name, paper(name))


def has_paper(f, region, member, kind, name):
    for found in glob.glob(f"{f.dir}/{region}/site/{member}/sink/{kind}/**/*{name}", recursive=True):
        with open(found, "rb") as text:
            if text.read() == paper(name):
                return True
    return False


def arrives(f, region, member, kind, seconds=realm.PATIENCE_S):
    """The only record of that kind there."""
    def there():
        for name in glob.glob(f"{f.dir}/*/site/*/refused/*.reason.json"):
            with open(name, encoding="utf-8") as reason:
                raise realm.Failure(f"{name}: {reason.read()}")
        return f.sink(region, member, kind)
    found = f.until(there, f"{kind} at {member}.{region}", seconds)
    realm.check(len(found) == 1, f"{kind} at {member}.{region}: {len(found)}")
    return found[0]


def card(f, region, case):
    code, answer = f.ask(region, "case", "show", case)
    return answer if code == 0 else {}


def both_show(f, case, state):
    """Both sides' hubs have the same card, and the hubs on the way have none."""
    def same():
        one, other = card(f, "445100", case), card(f, "220100", case)
        return one.get("state") == state and one == other
    try:
        f.until(same, f"{state} on both cards", 30)
    except realm.Failure as failure:
        raise realm.Failure(f"{failure}: {card(f, '445100', case)} {card(f, '220100', case)}") from failure
    realm.check(not any(card(f, region, case) for region in ("440000", "000000", "220000")), "a hub on the way has a card")


def step(kind, case, number, code, **more):
    """A document of assistance as market regulation writes it."""
    return {"单据类型": kind, "案件编号": case, "环节代码": code, "办理时间": market_time(), "文书号": number,
            "承办人": "演示承办人", **more}


def refer(f):
    """Market regulation to the police, copy to the procuratorate, with four papers; the case's id."""
    put_papers(f, "445100", "market", PAPERS.values())
    f.put("445100", "market", "referral.json", {
        "单据类型": "案件移送", "案件编号": "潮市监移演示9号", "移送文号": "潮市监移演示9号", "移送时间": market_time(),
        "案由": "涉嫌销售假药", "涉嫌罪名": "销售假药罪", "涉嫌主体代码": COMPANY["code"], "涉嫌主体名称": COMPANY["name"],
        "涉嫌主体区划": "445100", "案件事实": "演示", "涉案金额元": "123456.70", "承办人": "演示承办人", **PAPERS})
    case = arrives(f, "445100", "police", "case.referral")["案件标识"]
    arrives(f, "445100", "procuratorate", "case.referral")
    for member in ("police", "procuratorate"):
        for name in PAPERS.values():
            realm.check(has_paper(f, "445100", member, "case.referral", name), f"{name} at {member}")
    f.put("445100", "police", "acknowledged.json", {
        "文书种类": "接受案件回执", "案件标识": case, "接受时间": now("%Y-%m-%d %H:%M:%S"), "回执文号": "潮公受演示9号",
        "接受日期": now("%Y-%m-%d"), "民警": "演示民警"})
    arrives(f, "445100", "market", "case.acknowledged")
    return case


def assist(f):
    """Changchun is asked while Jilin is cut off, and answers with a paper while Guangdong is."""
    f.cut("220000")
    f.put("445100", "market", "request.json", step(
        "协查请求", "潮市监协演示9号", "潮市监协演示9号", "A02", 结果代码="case", 下一办理方="market.220100", 法定文书="D29",
        送达="market.220100", 案由="涉嫌销售假药", 涉案主体代码=COMPANY["code"], 涉案主体名称=COMPANY["name"],
        涉案主体区划="445100", 案件事实="请协查供货来源"))
    f.until(lambda: f.links("000000")["hub.220000"]["waiting"] + f.links("440000")["hub.000000"]["waiting"] > 0,
            "the request waits")
    realm.check(not f.sink("220100", "market", "assist.request"), "it went by a link that is cut")
    f.heal("220000")
    case = arrives(f, "220100", "market", "assist.request", 90)["案件编号"]
    both_show(f, case, "SENT")
    f.put("220100", "market", "accepted.json", step(
        "协查受理", case, "长市监协演示9号", "A04", 结果代码="accepted", 下一办理方="market.220100", 送达="market.445100",
        文书日期=market_date()))
    arrives(f, "445100", "market", "assist.accept")
    both_show(f, case, "ACCEPTED")
    f.cut("440000")
    put_papers(f, "220100", "market", ["answer.txt"])
    f.put("220100", "market", "replied.json", step(
        "协查回复", case, "长市监协演示9号", "A06", 下一办理方="market.445100", 法定文书="D30", 送达="market.445100",
        文书日期=market_date(), 决定="供货方已停业", 附件="answer.txt"))
    f.until(lambda: card(f, "220100", case).get("state") == "REPLIED", "Changchun's hub took the reply")
    f.heal("440000")
    arrives(f, "445100", "market", "assist.reply", 90)
    realm.check(has_paper(f, "445100", "market", "assist.reply", "answer.txt"), "the paper of Changchun's reply")
    both_show(f, case, "REPLIED")
    f.put("445100", "market", "closed.json", step(
        "协查办结", case, "潮市监协演示9号", "A08", 送达="market.220100", 文书日期=market_date()))
    arrives(f, "220100", "market", "assist.close")
    both_show(f, case, "CLOSED")


def a_case_of_chaozhou_ends_with_assistance_from_changchun(f):
    case = refer(f)
    realm.check(card(f, "445100", case).get("state") == "RECEIVED", f"{card(f, '445100', case)}")
    assist(f)
    f.put("445100", "police", "filed.json", {
        "文书种类": "立案决定", "案件标识": case, "决定时间": now("%Y-%m-%d %H:%M:%S"), "结果": "立案", "文号": "潮公立演示9号",
        "决定": "立案侦查", "日期": now("%Y-%m-%d"), "民警": "演示民警"})
    arrives(f, "445100", "market", "case.decision")
    arrives(f, "445100", "procuratorate", "case.decision")
    realm.check(card(f, "445100", case).get("state") == "CRIM_FILED", f"{card(f, '445100', case)}")


def a_recall_crosses_provinces(f):
    """Of Chaozhou's market regulation, to health at home and in Jilin; Changchun is cut off at first."""
    f.cut("220100")
    f.put("445100", "market", "recall.json", {
        "单据类型": "召回通知", "标识码": "国药准字H20067255/20260401", "名称": "演示药品", "召回级别": "1", "批号": "20260401",
        "文号": "潮药召演示9号", "日期": market_date(), "事由": "演示", "详情": "请停止使用该批次", "送达": "health.445100、health.220100"})
    here = arrives(f, "445100", "health", "recall.notice")
    realm.check(not f.sink("220100", "health", "recall.notice"), "it went by a link that is cut")
    f.heal("220100")
    there = arrives(f, "220100", "health", "recall.notice", 90)
    realm.check({k: v for k, v in here.items() if k != "lianshu"} == {k: v for k, v in there.items() if k != "lianshu"},
                f"both read the same: {here} {there}")
    receipt, = glob.glob(f"{f.dir}/445100/site/market/done/recall*.receipt.json")
    f.until(lambda: json.load(open(receipt, encoding="utf-8"))["messages"][0]["state"] == "final", "the sender has both receipts")
    spoke = {(r["kind"], r["by"]) for r in json.load(open(receipt, encoding="utf-8"))["messages"][0]["receipts"]}
    realm.check({("delivered", "health.445100"), ("delivered", "health.220100")} <= spoke, f"receipts {spoke}")
