/* The rows of err.h: X(name, number, class, English, Chinese, what to do in both). */
#ifndef BASE_ERR_TABLE_H
#define BASE_ERR_TABLE_H

/* clang-format off */
#define ERR_TABLE(X) \
    X(OK, 0, OK, "ok", "正常", "", "") \
    X(ERR_USAGE, 1, REJECT, "the command line is wrong", "命令行有误", "see --help", "请看 --help") \
    X(ERR_NOT_FOUND, 2, REJECT, "not found", "未找到", "check the name or path", "请核对名称或路径") \
    X(ERR_PERMISSION, 3, REJECT, "owner or permissions are unsafe or do not allow this", "属主或权限不安全或不允许", "set the owner and mode that the detail names", "请按说明设置属主与权限") \
    X(ERR_IO, 4, RETRY, "input/output error", "输入输出错误", "check the device and try again", "请检查设备后重试") \
    X(ERR_NO_MEMORY, 5, INTERNAL, "out of memory", "内存不足", "raise the memory limit", "请提高内存上限") \
    X(ERR_INTERNAL, 6, INTERNAL, "internal error", "内部错误", "report this with the log", "请连同日志报告") \
    X(ERR_CONFIG, 7, REJECT, "the configuration is wrong", "配置有误", "correct the line that is named", "请更正所指之行") \
    X(ERR_SYNTAX, 8, REJECT, "the text is malformed", "文本格式有误", "correct the line that is named", "请更正所指之行") \
    X(ERR_FIELD_UNKNOWN, 9, REJECT, "unknown field", "未知字段", "remove it or correct its name", "请删除或更正字段名") \
    X(ERR_FIELD_MISSING, 10, REJECT, "a required field is missing", "缺少必填字段", "add the field", "请补充该字段") \
    X(ERR_FIELD_VALUE, 11, REJECT, "the value of a field is not allowed", "字段取值不允许", "correct the value as the detail says", "请按说明更正取值") \
    X(ERR_FIELD_LONG, 12, REJECT, "a value is too long", "取值过长", "shorten it to the bound that is named", "请缩短至所示上限") \
    X(ERR_UTF8, 13, REJECT, "text is not valid UTF-8", "文本不是有效的 UTF-8", "save the file as UTF-8", "请以 UTF-8 保存文件") \
    X(ERR_CHECK_DIGIT, 14, REJECT, "an identifier fails its check digit", "标识码校验位不符", "compare the identifier with the original document", "请与原件核对标识码") \
    X(ERR_IDENTIFIER, 15, REJECT, "an identifier is malformed", "标识码格式有误", "compare the identifier with the original document", "请与原件核对标识码") \
    X(ERR_REGION, 16, REJECT, "unknown region", "未知行政区划", "use a code of GB/T 2260", "请使用 GB/T 2260 代码") \
    X(ERR_TYPE_UNKNOWN, 17, REJECT, "unknown document type", "未知单据类型", "use a type of the catalogue", "请使用目录中的类型") \
    X(ERR_ATTACHMENT_MISSING, 18, REJECT, "an attachment is missing", "缺少附件", "put the file beside the document", "请将附件放在单据旁") \
    X(ERR_MEMBER_UNKNOWN, 19, REJECT, "unknown member", "未知成员", "see `lianshu registry list`", "请看 lianshu registry list") \
    X(ERR_ADDRESS_IN_USE, 20, REJECT, "the address is in use", "地址已被占用", "stop the other process or change the address", "请停止占用的进程或更换地址") \
    X(ERR_BUSY_ELSEWHERE, 21, REJECT, "another process holds this database", "数据库已被另一进程占用", "stop the other process first", "请先停止另一进程") \
    X(ERR_DB_NEWER, 22, REJECT, "the database was written by a newer version", "数据库由更新的版本写成", "install that version or a newer one", "请安装该版本或更新版本") \
    X(ERR_DB_FOREIGN, 23, REJECT, "the file is not a database of this program", "文件不是本程序的数据库", "check the path", "请核对路径") \
    X(ERR_UNREACHABLE, 24, RETRY, "the other process cannot be reached", "无法连接对方进程", "check that it is running", "请确认其正在运行") \
    X(ERR_TIMEOUT, 25, RETRY, "no answer in time", "超时未应答", "try again", "请重试") \
    X(ERR_EXISTS, 26, REJECT, "it exists already", "已经存在", "choose another name", "请另选名称") \
    X(ERR_TOO_LARGE, 27, REJECT, "larger than the bound", "超过大小上限", "split or shorten it", "请拆分或缩短") \
    X(ERR_PASSPHRASE, 28, REJECT, "the passphrase does not open the key file", "口令无法打开密钥文件", "check the passphrase file", "请核对口令文件") \
    X(ERR_CONFLICT, 29, REJECT, "it was used before with other content", "此前已以不同内容使用", "use a new key for new content", "新内容请使用新的标识") \
    X(ERR_ZAP_DOMAIN, 101, REJECT, "transport authentication is not enforced", "传输身份认证未生效", "the process must not run like this", "进程不得在此状态下运行") \
    X(ERR_NO_USER_ID, 102, REJECT, "the connection carries no identity", "连接无身份", "", "") \
    X(ERR_WRONG_SENDER, 103, REJECT, "this connection may not carry that sender", "此连接不得代该成员发送", "send through the member's own adapter", "请通过该成员自己的适配器发送") \
    X(ERR_NOT_READY, 104, REJECT, "say hello first", "须先发送问候帧", "", "") \
    X(ERR_SANDBOX, 105, REJECT, "the process cannot be confined", "进程无法受限运行", "use a kernel with seccomp, and do not start it where it is forbidden", "请使用支持 seccomp 的内核") \
    X(ERR_FRAME_EMPTY, 201, REJECT, "frame is empty or has an unknown magic", "帧为空或标记未知", "", "") \
    X(ERR_FRAME_VERSION, 202, REJECT, "frame version is not supported", "帧版本不受支持", "", "") \
    X(ERR_FRAME_LENGTH, 203, REJECT, "lengths in the frame do not add up", "帧内长度不一致", "", "") \
    X(ERR_NOT_CANONICAL, 210, REJECT, "encoding is not canonical", "编码不规范", "", "") \
    X(ERR_VARINT, 211, REJECT, "integer out of range", "整数超出范围", "", "") \
    X(ERR_WIRE_FIELD, 212, REJECT, "unknown field in the encoding", "编码含未知字段", "", "") \
    X(ERR_WIRE_TEXT, 213, REJECT, "text in the encoding is not allowed", "编码中的文本不允许", "", "") \
    X(ERR_AUDIENCE, 214, REJECT, "audience is empty, too large, unsorted or repeated", "受众为空、过多、无序或重复", "", "") \
    X(ERR_WIRE_ENUM, 215, REJECT, "value outside its enumeration", "枚举值越界", "", "") \
    X(ERR_NESTING, 216, REJECT, "an element is too long, or there are too many", "元素过长或过多", "", "") \
    X(ERR_WRAP_COUNT, 217, REJECT, "key wraps do not match the audience", "密钥封装数与受众不符", "", "") \
    X(ERR_PATH_SHAPE, 218, REJECT, "signature path has the wrong shape", "签名路径形状不符", "", "") \
    X(ERR_FORM, 219, REJECT, "part form is not allowed here", "此处不允许该部分形式", "", "") \
    X(ERR_POISON, 220, REJECT, "document inside a part is malformed", "部分内的文书格式有误", "", "") \
    X(ERR_HEADER, 221, REJECT, "header or document contradicts itself", "头部或文书自相矛盾", "", "") \
    X(ERR_PERSONAL_DATA, 250, REJECT, "a clear field may hold personal data", "明文字段疑含个人信息", "put it into a sealed part", "请放入密封部分") \
    X(ERR_CANNOT_OPEN, 300, REJECT, "cannot open", "无法打开", "the sender must seal to the current key of the recipient", "发送方须以收件方现行密钥封装") \
    X(ERR_SUITE, 301, REJECT, "cipher suite is not accepted", "密码套件不被接受", "", "") \
    X(ERR_SUITE_LEAST, 302, REJECT, "cipher suite is below the least that the registry demands", "密码套件低于登记册所要求的最低套件", "install the version that has the suite; see `lianshu registry show`", "请安装具备该套件的版本；要求见 lianshu registry show") \
    X(ERR_SIGNATURE, 303, REJECT, "signature does not verify", "签名验证失败", "", "") \
    X(ERR_KID_UNKNOWN, 304, REJECT, "unknown key", "未知密钥", "register the key first", "请先登记密钥") \
    X(ERR_KEY_WEAK, 305, REJECT, "public key is not acceptable", "公钥不可接受", "make a new key", "请重新生成密钥") \
    X(ERR_KEY_NOT_SENDERS, 306, REJECT, "key does not belong to this sender", "密钥不属于该发送方", "", "") \
    X(ERR_UNWRAP, 307, REJECT, "key wrap does not open", "密钥封装无法打开", "", "") \
    X(ERR_COMMITMENT, 308, REJECT, "key commitment does not match", "密钥承诺不符", "", "") \
    X(ERR_BATCH_PATH, 310, REJECT, "batch path does not lead to the signed root", "批签路径不通向所签之根", "", "") \
    X(ERR_CIPHERTEXT, 311, REJECT, "ciphertext does not open", "密文无法打开", "", "") \
    X(ERR_PADDING, 312, REJECT, "padding is wrong", "填充有误", "", "") \
    X(ERR_REALM, 313, REJECT, "other realm", "属于其他域", "", "") \
    X(ERR_NOT_IN_AUDIENCE, 314, REJECT, "not in the audience", "不在受众之内", "", "") \
    X(ERR_PART_WITHHELD, 315, REJECT, "a part for this reader is withheld", "应交本方的部分被扣留", "", "") \
    X(ERR_NOT_ADDRESSED, 316, REJECT, "document is not addressed to the reader or not by the sender", "文书未致本方或非发送方所签", "", "") \
    X(ERR_FACTS_MISMATCH, 317, REJECT, "sealed document names other facts", "密封文书所指事实不同", "", "") \
    X(ERR_NO_RIGHT, 401, REJECT, "this type is not granted to the sender", "发送方无此类型权限", "ask the registrar for the grant", "请向登记机构申请授权") \
    X(ERR_REGION_RIGHT, 402, REJECT, "outside the region of the grant", "超出授权区域", "", "") \
    X(ERR_RECIPIENT_RIGHT, 403, REJECT, "this recipient is not granted", "无权发往该收件方", "ask the registrar for the grant", "请向登记机构申请授权") \
    X(ERR_PURPOSE, 404, REJECT, "purpose code is missing or not allowed", "缺少用途代码或不允许", "name the purpose", "请注明用途") \
    X(ERR_KEY_EXPIRED, 405, REJECT, "key has expired", "密钥已过期", "rotate the key", "请轮换密钥") \
    X(ERR_KEY_NOT_YET, 406, REJECT, "key is not valid yet", "密钥尚未生效", "", "") \
    X(ERR_CHAIN, 407, REJECT, "registrar chain is wrong or too long", "登记链有误或过长", "", "") \
    X(ERR_KEY_USE, 408, REJECT, "key is used for another purpose", "密钥用途不符", "", "") \
    X(ERR_DELEGATION, 409, REJECT, "delegation is wider than its issuer", "授权超出授予者", "", "") \
    X(ERR_REGISTRY, 410, REJECT, "registry does not verify", "成员登记册验证失败", "get the current registry from the registrar", "请向登记机构索取现行登记册") \
    X(ERR_REVOKED, 411, REJECT, "key is revoked", "密钥已吊销", "enrol a new key", "请登记新密钥") \
    X(ERR_KEY_ROTATED, 412, REJECT, "key was replaced", "密钥已被替换", "use the current key", "请使用现行密钥") \
    X(ERR_REGISTRY_STALE, 413, RETRY, "registry version is not known here", "登记册版本未知", "wait for the registry or fetch it", "请等待或获取登记册") \
    X(ERR_TWO_OFFICIALS, 421, REJECT, "two officials are needed", "须两名人员共同办理", "", "") \
    X(ERR_ENROL_CODE, 430, REJECT, "enrolment code is wrong, used, over or locked", "登记码有误、已用、过期或已锁定", "compare it with the paper; ask the registrar for a new invitation", "请与纸面核对；或请登记机构重新发出邀请") \
    X(ERR_POSSESSION, 431, REJECT, "proof of possession is missing", "缺少持有证明", "make the request anew, with the key file itself", "请以密钥文件重新提出申请") \
    X(ERR_ROOT_ROTATION, 432, REJECT, "root rotation is not signed by the previous root", "根轮换未经前根签署", "", "") \
    X(ERR_REGISTRY_ROLLBACK, 433, REJECT, "registry is older than the one already seen", "登记册旧于已见版本", "", "") \
    X(ERR_KEY_FILE, 434, REJECT, "key file is unusable", "密钥文件不可用", "restore it from the copy kept by two officials", "请由两名人员从备份恢复") \
    X(ERR_KEY_REUSED, 435, REJECT, "one key for two uses", "一钥两用", "make a key of its own", "请另生成密钥") \
    X(ERR_KEY_PUBLIC, 436, REJECT, "published test key", "公开的测试密钥", "make a new key", "请重新生成密钥") \
    X(ERR_REGISTRY_DIFFERS, 437, REJECT, "another registry has the same version number", "版本号相同而内容不同的登记册", "ask the registrar for a new version", "请登记机构签发新版本") \
    X(ERR_PKCS11, 438, REJECT, "the token or its module is unusable or refuses", "密码设备或其模块不可用或拒绝", "check the module, the token and the key that the detail names", "请核对所示的模块、设备与密钥") \
    X(ERR_AMENDMENT_GAP, 439, REJECT, "an amendment before this one is missing", "缺少此前的登记册变更", "apply the ones before it first", "请先应用此前的变更") \
    X(ERR_NUMBER_TWICE, 440, REJECT, "the issuer has signed another document under this number", "签发者在同一编号下另签有文书", "keep both as evidence; its officials settle it under the next number", "请保存两份作为证据；由其人员以下一编号更正") \
    X(ERR_RELEASE_OLD, 441, REJECT, "the release is not newer than the one installed", "发布版本不新于已安装的版本", "ask for a newer release; to go back, two officials release the old files under a higher version", "请索取更新的发布；如需退回，由两名人员以更高版本号发布旧文件") \
    X(ERR_RELEASE_FILE, 442, REJECT, "a file is not the one that was released", "文件与所发布的不符", "get the release again", "请重新获取发布包") \
    X(ERR_RELEASE_LOG, 443, REJECT, "the release is not proven to be an entry of the log", "发布未证明已列入日志", "ask for its proof (`lianshu release log` at the hub whose officials signed it) and put it beside the list", "请索取证明（在签署方的枢纽上执行 lianshu release log），与清单同置") \
    X(ERR_REPEAT, 501, OK, "known already", "此前已收", "", "") \
    X(ERR_EQUIVOCATION, 502, REJECT, "same id with other content", "同一标识内容不同", "use a new id for new content", "新内容请使用新标识") \
    X(ERR_EXPIRED, 503, REJECT, "expired", "已过期", "send it anew", "请重新发送") \
    X(ERR_FUTURE, 504, REJECT, "created in the future", "创建时间在未来", "set the clock", "请校准时钟") \
    X(ERR_TOO_OLD, 505, REJECT, "older than the class allows", "超过该类最长有效期", "send it anew", "请重新发送") \
    X(ERR_LIFE, 506, REJECT, "life is negative or longer than the class allows", "有效期为负或超过该类上限", "shorten the expiry", "请缩短有效期") \
    X(ERR_SEQUENCE, 507, REJECT, "sequence number was used", "序号已用", "", "") \
    X(ERR_SEQUENCE_GAP, 508, RETRY, "sequence number has a gap", "序号有缺口", "", "") \
    X(ERR_OTHER_HUB, 509, REJECT, "meant for another hub", "应送其他枢纽", "", "") \
    X(ERR_CLOCK, 510, RETRY, "clock cannot be trusted", "时钟不可信", "set the clock", "请校准时钟") \
    X(ERR_RECEIPT_OTHER, 520, REJECT, "receipt is for another envelope", "回执属于其他信封", "", "") \
    X(ERR_RECEIPT_BY, 521, REJECT, "receipt is not by a recipient", "回执非收件方所出", "", "") \
    X(ERR_RECEIPT_STALE, 522, OK, "receipt came too late to matter", "回执已过时", "", "") \
    X(ERR_LIST_RIGHT, 601, REJECT, "issuer may not impose this list", "制发机关无权列入该名单", "", "") \
    X(ERR_BASIS, 602, REJECT, "legal basis is missing, unknown or was not in force", "缺少法律依据、依据未知或当时未生效", "name an article that was in force", "请注明当时有效的条款") \
    X(ERR_ORDER_VERSION, 603, REJECT, "order version does not follow", "惩戒版本不连续", "correct the newest version, same list and subject; another list or subject: annul and impose again", "请更正最新版本，名单与主体不变；名单或主体有误的，撤销后重新作出") \
    X(ERR_ORDER_STATE, 604, REJECT, "the order's state does not allow this", "惩戒状态不允许此操作", "see `lianshu order show`; a stayed order is resumed before it is corrected", "请看 lianshu order show；中止的惩戒须先恢复执行再更正") \
    X(ERR_ORDER_AUTHORITY, 605, REJECT, "not the issuer, its superior or a court", "非制发机关、上级或法院", "ask the issuer; only it corrects its own order", "请联系制发机关；更正只能由制发机关作出") \
    X(ERR_TERM, 606, REJECT, "term is out of bounds or back-dated", "期限越界或倒签", "correct the dates", "请更正日期") \
    X(ERR_PROPAGATION, 607, REJECT, "propagation goes too far", "传导超出限度", "", "") \
    X(ERR_ORDER_SPLIT, 608, REJECT, "another version of this order, issued elsewhere, goes before", "另地已作出优先的同号版本", "see `lianshu order show`; agree with the other issuer and correct the version in force", "请看 lianshu order show；与另一制发机关协商后更正现行版本") \
    X(ERR_RULE_SET, 610, REJECT, "rule set does not load", "规则集无法加载", "correct the line that is named", "请更正所指之行") \
    X(ERR_RULE_NOTICE, 611, REJECT, "rule set takes effect too early", "规则集生效过早", "", "") \
    X(ERR_RULE_ROLLBACK, 612, REJECT, "rule set is older than the active one", "规则集旧于现行版本", "", "") \
    X(ERR_RULE_ARCHIVE, 613, REJECT, "a rule set that decisions name is not in the archive", "归档中没有决定所依据的规则集", "put the set back into state_dir/rules from a backup", "请从备份恢复 state_dir/rules 中的该规则集") \
    X(ERR_LIST_ROLLBACK, 620, REJECT, "list snapshot is older than seen", "名单快照旧于已见", "", "") \
    X(ERR_LIST_EXPIRED, 621, REJECT, "list snapshot has expired", "名单快照已过期", "", "") \
    X(ERR_LIST_FORWARD, 622, REJECT, "list version is implausible", "名单版本不合理", "", "") \
    X(ERR_LIST_MIXED, 623, REJECT, "list parts of different epochs", "名单部分属于不同期", "", "") \
    X(ERR_LIST_FORK, 624, REJECT, "two lists of one epoch", "同期名单不一致", "", "") \
    X(ERR_TOKEN, 630, REJECT, "subject token of another key", "主体标记密钥不符", "", "") \
    X(ERR_REEXECUTION, 631, INTERNAL, "decision differs when run again", "重演决定不一致", "", "") \
    X(ERR_ORDER_CONFLICT, 640, REJECT, "the same act is punished already", "同一行为已受惩戒", "", "") \
    X(ERR_CONSENT, 641, REJECT, "required consent or prior notice is missing", "缺少上级同意或事先告知", "add the number and date", "请补充文号与日期") \
    X(ERR_NO_PERSON, 642, REJECT, "a personal ban names no person", "个人禁业未列明人员", "name the person and role", "请列明人员与身份") \
    X(ERR_COPY_MISSING, 643, REJECT, "a mandatory copy is missing", "缺少法定抄送", "address the copy that the detail names", "请增加所示抄送") \
    X(ERR_CASE_STATE, 644, REJECT, "the case's state does not allow this", "案件状态不允许此操作", "", "") \
    X(ERR_OBLIGATION, 645, REJECT, "unknown obligation, not owed by the sender, or in another state", "义务不存在、非该方所负或状态不符", "", "") \
    X(ERR_DECLINE_REASON, 646, REJECT, "declined without a legal reason", "拒绝而无法定理由", "name the legal reason", "请注明法定理由") \
    X(ERR_CREDIT_CLASS, 647, REJECT, "the credit class does not follow from the indices", "信用等级与指数不符", "compare the indices with credit.yaml", "请与 credit.yaml 核对指数") \
    X(ERR_REQUEST, 648, REJECT, "unknown request, not from who may ask or decide, or decided already", "请求不存在、非有权申请或决定者、或已作决定", "see `lianshu order show`, redress", "请看 lianshu order show 的救济栏") \
    X(ERR_EVIDENCE_RIGHT, 649, REJECT, "evidence is for who owes a measure of that order", "仅承担该惩戒措施者可调取证据", "name the obligation that is yours", "请注明本方所负义务") \
    X(ERR_FACTS_MISSING, 650, REJECT, "facts part is missing or its audience is incomplete", "缺少事实部分或其受众不全", "", "") \
    X(ERR_CASE_DOCUMENT, 651, REJECT, "a document that this step needs is not listed", "缺少该环节的法定文书", "list the document that the detail names", "请列明所示文书") \
    X(ERR_CASE_BARRED, 652, REJECT, "the law forbids this while the case stands here", "案件现状下法律不允许此处理", "see the article that is named", "请见所列法律依据") \
    X(ERR_CASE_LAPSED, 653, REJECT, "the term for this is over", "办理期限已过", "", "") \
    X(ERR_REPORTER, 654, REJECT, "unknown reporter or request, or not the one unit that may know", "举报人或申请不存在，或非可知悉身份的单位", "ask the unit that holds the identity", "请向持有身份的单位申请") \
    X(ERR_RATING_AHEAD, 655, REJECT, "the credit class begins after the day on which it is issued", "信用等级的起始日晚于单据签发日", "issue it on the day on which it begins", "请在起始之日签发") \
    X(ERR_RATING_OLDER, 656, REJECT, "a later rating of this subject stands", "该主体已有更新的评级", "to correct the rating in force, issue one that begins on the same day or later", "如需更正现行评级，请签发同日或更晚起始的评级") \
    X(ERR_ACT_ANNULLED, 657, REJECT, "a court or a superior annulled the decision: it is not imposed again", "该决定已被法院或上级机关撤销，不得再次作出", "a new decision, on other facts or reasons or after a procedure put right, has a number of its own", "另有事实、理由或已补正程序的，请重新作出决定并使用新的文号") \
    X(ERR_RESTRICTED, 660, REJECT, "refused because of a restriction in force", "因现行限制而拒绝", "see the measure, order and basis that are named", "请见所列措施、惩戒与依据") \
    X(ERR_HELD, 661, OK, "held for two officials", "待两名人员处理", "", "") \
    X(ERR_FLAGGED, 662, OK, "delivered with an advisory", "附提示送达", "", "") \
    X(ERR_HOLD_OVER, 663, OK, "the hold ran out: the hub decided as the rule says", "暂扣期限届满，枢纽已按规则处理", "see the measure, order and basis that are named", "请见所列措施、惩戒与依据") \
    X(ERR_BUSY, 701, RETRY, "busy, retry later", "繁忙，请稍后重试", "", "") \
    X(ERR_BACKLOG, 702, RETRY, "the recipient's backlog is full", "收件方积压已满", "", "") \
    X(ERR_DISK_FULL, 703, RETRY, "disk is full", "磁盘已满", "free some space", "请释放磁盘空间") \
    X(ERR_QUOTA, 704, RETRY, "quota is used up", "配额已用尽", "", "") \
    X(ERR_FSYNC, 705, FATAL, "data could not be forced to disk", "数据未能落盘", "check the disk; the process restarts through its checks", "请检查磁盘；进程将重启自检") \
    X(ERR_CORRUPT, 706, FATAL, "stored data contradicts itself", "存储数据自相矛盾", "restore from backup with two officials", "请由两名人员从备份恢复") \
    X(ERR_ATTEMPTS, 710, REJECT, "delivery attempts are used up", "投递次数已用尽", "see `lianshu parked list`", "请看 lianshu parked list") \
    X(ERR_WITHDRAWN, 711, OK, "withdrawn by its sender", "发送方已撤回", "", "") \
    X(ERR_WITHDRAW_LATE, 712, REJECT, "too late to withdraw: it was opened already", "撤回过迟：已被签收", "settle it with the recipient", "请与收件方协商处理") \
    X(ERR_ERASED, 713, REJECT, "erased after its retention", "已按保存期限清除", "", "") \
    X(ERR_UNDELIVERED, 714, OK, "not delivered yet, and its end is near", "尚未送达，且即将到期", "see that the recipient's adapter runs", "请确认收件方适配器正在运行") \
    X(ERR_LOG_ENTRY, 801, FATAL, "log entry was changed", "日志条目被更改", "restore from backup with two officials", "请由两名人员从备份恢复") \
    X(ERR_LOG_TRUNCATED, 802, FATAL, "log is shorter than its signed head", "日志短于已签之首", "restore from backup with two officials", "请由两名人员从备份恢复") \
    X(ERR_LOG_FORK, 803, FATAL, "log forks from its signed head", "日志与已签之首分叉", "stop and keep both copies as evidence", "请停止并保存两份作为证据") \
    X(ERR_LOG_ROLLBACK, 804, FATAL, "database is older than the signed head", "数据库旧于已签之首", "do not start a restored copy; open a new log with two officials", "不得直接启动旧备份；请由两名人员开启新日志") \
    X(ERR_CONSISTENCY, 806, REJECT, "consistency proof is wrong", "一致性证明有误", "", "") \
    X(ERR_CHECKPOINT, 807, REJECT, "checkpoint is malformed or by another origin", "检查点格式有误或来源不符", "", "") \
    X(ERR_INCLUSION, 808, REJECT, "inclusion proof is wrong", "包含证明有误", "", "") \
    X(ERR_TIME_BOUND, 809, REJECT, "log entry claims a time that its witnesses contradict", "日志条目所称时间与见证时间相悖", "keep the log, its cosigned checkpoints and stamps as evidence", "请保存日志、联署检查点与时间戳作为证据") \
    X(ERR_SIGNER, 810, FATAL, "signer refuses or cannot be reached", "签名进程拒绝或不可达", "check lianshu-signer", "请检查 lianshu-signer") \
    X(ERR_OLD_SIZE, 811, RETRY, "the proof does not begin at the checkpoint that the witness holds", "证明未自见证方所持检查点起", "", "") \
    X(ERR_WITNESSES, 812, RETRY, "the witnesses have not confirmed the log yet", "见证方尚未确认日志", "see `lianshu log checkpoint`; start the witnesses", "请看 lianshu log checkpoint，并启动见证方") \
    X(ERR_STAMP, 813, REJECT, "time stamp does not verify", "时间戳无法验证", "ask the authority again; name its root certificates", "请重新申请，并指明其根证书") \
    X(ERR_EVIDENCE, 814, REJECT, "evidence bundle is not whole, or a file in it is not what it must be", "证据包不完整，或其中文件与应有不符", "ask who exported it for the bundle again; keep this one", "请向导出方重新索取，并保留此件") \
    X(ERR_REGION_NOT_OWNED, 901, REJECT, "the peer hub does not speak for this region", "对端枢纽无权代表该区域", "see `lianshu topology`", "请看 lianshu topology") \
    X(ERR_HOPS, 902, REJECT, "the hubs passed are not a way through the tree", "途经枢纽不成通路", "see `lianshu topology`", "请看 lianshu topology") \
    X(ERR_HOPS_LOOP, 903, REJECT, "the hubs passed form a loop", "途经枢纽成环", "see `lianshu topology`", "请看 lianshu topology") \
    X(ERR_NOT_FEDERATED, 904, REJECT, "this hub is not linked with that one", "本枢纽未与该枢纽互联", "name each other under federation in both hub.yaml", "请在双方 hub.yaml 的 federation 中互相登记") \
    X(ERR_NO_HUB, 905, REJECT, "no hub serves this region", "无枢纽服务该区域", "add a hub for it or for a region above to the registry", "请在登记册中为该区域或其上级增设枢纽") \
    X(ERR_LINKS_AT_START, 906, REJECT, "other links than those in use are taken when the hub starts", "互联的改动于枢纽启动时生效", "restart lianshu-hub; until then the links of its last start serve", "请重启 lianshu-hub；此前沿用上次启动时的互联")
/* clang-format on */

#endif
