"""Records of the PTB Diagnostic ECG Database, and a simulated patient for each of them.

The names are the database's; who suffers from what is drawn, in the shares that the database
states, and no patient's header or signal is used.

Source: https://physionet.org/content/ptbdb/1.0.0/, doi:10.13026/C28C71 (diagnostic classes of the
290 patients); names as in Christov & Simova's list for the Computing in Cardiology 2006 challenge.
"""

from typing import NamedTuple

import numpy as np

from cardiograft.datasets.simulation import ecg, hearts, infarction, noise, rhythm
from cardiograft.datasets.simulation.hearts import Heart
from cardiograft.datasets.simulation.order import HALF_HOUR_S, Case
from cardiograft.datasets.simulation.seeding import generator
from cardiograft.records import Float64

RATE_HZ = 1000
MAINS_HZ = 50
LEADS = (
    "I",
    "II",
    "III",
    "aVR",
    "aVL",
    "aVF",
    "V1",
    "V2",
    "V3",
    "V4",
    "V5",
    "V6",
    "Vx",
    "Vy",
    "Vz",
)
# Reason for admission and patients, of 290; 22 are not known.
REASONS = {
    "Myocardial infarction": 148,
    "Healthy control": 52,
    "Heart failure (NYHA 3)": 18,
    "Bundle branch block": 15,
    "Dysrhythmia": 14,
    "Hypertrophy": 7,
    "Valvular heart disease": 6,
    "Myocarditis": 4,
    "Stable angina": 4,
    "n/a": 22,
}

# patient:record,record
TABLE = """\
001:0010_re,0014lre,0016lre 002:0015lre 003:0017lre 004:0020are,0020bre
005:0021are,0021bre,0025lre,0031lre,0101lre 006:0022lre,0027lre,0064lre
007:0026lre,0029lre,0038lre,0078lre 008:0028lre,0037lre,0068lre 009:0035_re
010:0036lre,0042lre,0061lre 011:0039lre,0044lre,0049lre,0067lre 012:0043lre,0050lre
013:0045lre,0051lre,0072lre 014:0046lre,0056lre,0071lre 015:0047lre,0057lre,0152lre
016:0052lre,0060lre,0076lre 017:0053lre,0055lre,0063lre,0075lre 018:0054lre,0059lre,0082lre
019:0058lre,0070lre,0077lre 020:0062lre,0069lre,0079lre 021:0065lre,0073lre,0097lre
022:0066lre,0074lre,0149lre 023:0080lre,0081lre,0085lre,0103lre
024:0083lre,0084lre,0086lre,0094lre 025:0087lre,0091lre,0150lre 026:0088lre,0095lre
027:0089lre,0096lre,0151lre 028:0090lre,0093lre,0108lre 029:0092lre,0098lre,0122lre
030:0099lre,0107lre,0117lre,0153lre 031:0100lre,0104lre,0114lre,0127lre
032:0102lre,0106lre,0115lre,0165lre 033:0105lre,0113lre,0121lre,0157lre
034:0109lre,0118lre,0123lre,0158lre 035:0110lre,0119lre,0124lre,0145lre
036:0111lre,0116lre,0126lre 037:0112lre,0120lre 038:0125lre,0128lre,0162lre
039:0129lre,0134lre,0164lre 040:0130lre,0131lre,0133lre,0219lre
041:0132lre,0136lre,0138lre,0276lre 042:0135lre,0137lre,0140lre,0347lre
043:0141lre,0144lre,0278lre 044:0142lre,0143lre,0146lre,0159lre
045:0147lre,0148lre,0155lre,0217lre 046:0156lre,0161lre,0168lre,0184lre
047:0160lre,0163lre,0167lre 048:0171lre,0172lre,0180lre,0277lre
049:0173lre,0178lre,0186lre,0314lre 050:0174lre,0177lre,0185lre,0215lre
051:0179lre,0181lre,0187lre,0213lre 052:0190lre 053:0191lre 054:0192lre,0195lre,0197lre,0218lre
055:0194lre 056:0196lre 057:0198lre 058:0216lre 059:0208lre 060:0209lre 061:0210lre 062:0212lre
063:0214lre 064:0220lre 065:0221lre,0226lre,0229lre,0282lre 066:0225lre,0231lre,0280lre
067:0227lre,0230lre,0283lre 068:0228lre 069:0232lre,0233lre,0234lre,0284lre 070:0235lre
071:0236lre 072:0237lre,0240lre,0244lre,0318lre 073:0238lre,0243lre,0249lre,0252lre
074:0239lre,0241lre,0245lre,0406lre 075:0242lre,0246lre,0248lre,0327lre
076:0247lre,0250lre,0253lre,0319lre 077:0251lre,0254lre,0258lre,0285lre
078:0255lre,0259lre,0262lre,0317lre 079:0256lre,0257lre,0263lre,0269lre
080:0260lre,0261lre,0265lre,0315lre 081:0264lre,0266lre,0270lre,0346lre
082:0267lre,0271lre,0279lre,0320lre 083:0268lre,0272lre,0286lre,0290lre
084:0281lre,0288lre,0289lre,0313lre 085:0296lre,0297lre,0298lre,0345lre 086:0316lre
087:0321lre,0326lre,0330lre 088:0339lre,0343lre,0352lre,0413lre
089:0344lre,0355lre,0359lre,0372lre 090:0348lre,0356lre,0360lre,0418lre
091:0353lre,0357lre,0361lre,0408lre 092:0354lre,0358lre,0362lre,0411lre
093:0367lre,0371lre,0375lre,0378lre,0396lre 094:0368lre,0370lre,0376lre,0412lre
095:0369lre,0373lre,0377lre,0417lre 096:0379lre,0381lre,0385lre,0395lre
097:0380lre,0382lre,0384lre,0394lre 098:0386lre,0389lre,0398lre,0409lre
099:0387lre,0388lre,0397lre,0419lre 100:0399lre,0401lre,0407lre 101:0400lre,0410lre,0414lre
102:0416lre 103:0332lre 104:0306lre 105:0303lre 106:0030_re 107:0199_re 108:0013_re 109:0349lre
110:0003_re 111:0203_re 112:0169_re 113:0018cre,0018lre 114:0012_re 115:0023_re 116:0302lre
117:0291lre,0292lre 118:0183_re 119:0001_re 120:0331lre 121:0311lre 122:0312lre 123:0224_re
125:0006_re 126:0154_re 127:0342lre,0383lre 128:0182_re 129:0189_re 130:0166_re 131:0273lre
133:0393lre 135:0334lre 136:0205_re 137:0392lre 138:0005_re 139:0223_re 140:0019_re 141:0307lre
142:0351lre 143:0333lre 144:0341lre 145:0201_re 146:0007_re 147:0211_re 148:0335lre
149:0202are,0202bre 150:0287lre 151:0206_re 152:0004_re 153:0391lre 154:0170_re 155:0301lre
156:0299lre 157:0338lre 158:0294lre,0295lre 159:0390lre 160:0222_re 162:0193_re 163:0034_re
164:0024are,0024bre 165:0322lre,0323lre 166:0275lre 167:0200_re 168:0032_re,0033_re
169:0328lre,0329lre 170:0274lre 171:0364lre 172:0304lre 173:0305lre 174:0300lre,0324lre,0325lre
175:0009_re 176:0188_re 177:0366lre 178:0011_re 179:0176_re
180:0374lre,0475_re,0476_re,0477_re,0490_re,0545_re,0561_re 181:0204are,0204bre 182:0308lre
183:0175_re 184:0336lre 185:0363lre 186:0293lre 187:0207_re 188:0365lre 189:0309lre
190:0040_re,0041_re 191:0340lre 192:0048_re 193:0008_re 194:0310lre 195:0337lre 196:0002_re
197:0350lre,0403lre 198:0402lre,0415lre 199:0404lre 200:0405lre 201:0420_re,0423_re
202:0421_re,0422_re 203:0424_re 204:0425_re 205:0426_re 206:0427_re 207:0428_re
208:0429_re,0430_re 209:0431_re 210:0432_re 211:0433_re 212:0434_re 213:0435_re 214:0436_re
215:0437_re 216:0438_re 217:0439_re 218:0440_re 219:0441_re 220:0442_re 221:0443_re 222:0444_re
223:0445_re,0446_re 224:0447_re 225:0448_re 226:0449_re 227:0450_re 228:0451_re
229:0452_re,0453_re 230:0454_re 231:0455_re 232:0456_re
233:0457_re,0458_re,0459_re,0482_re,0483_re 234:0460_re 235:0461_re 236:0462_re,0463_re,0464_re
237:0465_re 238:0466_re 239:0467_re 240:0468_re 241:0469_re,0470_re 242:0471_re 243:0472_re
244:0473_re 245:0474_re,0480_re 246:0478_re 247:0479_re 248:0481_re 249:0484_re 250:0485_re
251:0486_re,0503_re,0506_re 252:0487_re 253:0488_re 254:0489_re 255:0491_re 256:0492_re
257:0493_re 258:0494_re 259:0495_re 260:0496_re 261:0497_re 262:0498_re 263:0499_re 264:0500_re
265:0501_re 266:0502_re 267:0504_re 268:0505_re 269:0508_re 270:0507_re 271:0509_re 272:0510_re
273:0511_re 274:0512_re 275:0513_re 276:0526_re 277:0527_re 278:0528_re,0529_re,0530_re
279:0531_re,0532_re,0533_re,0534_re 280:0535_re 281:0537_re 282:0539_re 283:0542_re
284:0543_re,0551_re,0552_re 285:0544_re 286:0546_re 287:0547_re,0548_re 288:0549_re 289:0550_re
290:0553_re 291:0554_re 292:0555_re,0556_re 293:0557_re,0558_re 294:0559_re
"""

PATIENTS = dict(entry.split(":") for entry in TABLE.split())
NAMES = tuple(f"patient{p}/s{r}" for p, records in PATIENTS.items() for r in records.split(","))


class Patient(NamedTuple):
    """Whom a recording is of: heart, reason for admission, infarcted territory, age, sex."""

    heart: Heart
    reason: str
    territory: str
    acute: bool
    age: int
    sex: str


def reason(subject: str) -> str:
    """Return why a patient was admitted.

    ASSUME the reasons are spread over the numbers so that a few patients in a row already have
    the database's shares: by the fractional part of the number times the golden section.
    """
    share = (list(PATIENTS).index(subject.removeprefix("patient")) + 1) * 0.6180339887498949 % 1
    bounds = np.cumsum(list(REASONS.values())) / sum(REASONS.values())
    return list(REASONS)[int(np.searchsorted(bounds, share, side="right"))]


def patient(subject: str, seed: int) -> Patient:
    """Draw a patient: a person first, then what the disease made of the heart."""
    rng = generator(seed, "ptbdb", "subject", subject)
    heart = hearts.person(rng)
    why = reason(subject)
    size = float(rng.beta(2.0, 1.6))
    territory = (
        str(rng.choice(list(infarction.TERRITORIES))) if why == "Myocardial infarction" else "no"
    )
    # ASSUME most recordings are of the first weeks after the infarction.
    since = float(rng.beta(1.3, 1.6))
    heart = _diseased(heart, why, territory, size, since, rng)
    young = why == "Healthy control"
    age = int(np.clip(rng.normal(43 if young else 61, 14 if young else 11), 17, 87))
    sex = "female" if rng.random() < 0.28 else "male"
    return Patient(heart, why, territory, since < 0.7, age, sex)


def _diseased(
    heart: Heart, why: str, territory: str, size: float, since: float, rng: np.random.Generator
) -> Heart:
    if why == "Myocardial infarction":
        return infarction.infarct(heart, territory, size=size, age=since, rng=rng)
    if why == "Bundle branch block":
        return infarction.blocked(heart, str(rng.choice(["L", "R"])))
    if why in ("Hypertrophy", "Valvular heart disease"):
        return infarction.hypertrophy(heart, size=size)
    if why in ("Heart failure (NYHA 3)", "Myocarditis", "Stable angina"):
        return infarction.weakened(heart, size=size, rng=rng)
    return heart


def recording(record: str, seed: int, duration_s: float) -> tuple[Float64, Patient]:
    """Simulate one recording: millivolts, shape (15, T), in the order of LEADS, and its patient."""
    subject = record.split("/")[0]
    who = patient(subject, seed)
    rng = generator(seed, "ptbdb", "record", record)
    samples = round(duration_s * RATE_HZ)
    beats = rhythm.beats(_case(who, rng), samples / RATE_HZ, rng)
    own = tuple(lead for lead in LEADS if lead not in hearts.LIMB)
    seen_CT = ecg.leads(who.heart, beats, own, rate_hz=RATE_HZ, samples=samples, rng=rng)
    much = noise.level(rng, unrest=0.25)
    noise_CT, _ = noise.disturb(seen_CT.shape, RATE_HZ, how_much=much, mains_hz=MAINS_HZ, rng=rng)
    seen_CT += noise_CT + rng.normal(0, 0.25, (len(own), 1))  # an electrode's own voltage
    signal_by_lead = dict(zip(own, seen_CT, strict=True))
    for lead, (one, two) in hearts.LIMB.items():
        signal_by_lead[lead] = one * signal_by_lead["I"] + two * signal_by_lead["II"]
    return np.stack([signal_by_lead[lead] for lead in LEADS]), who


def _case(who: Patient, rng: np.random.Generator) -> Case:
    """Return a rhythm: sinus with few extra beats, or the arrhythmia that brought the patient."""
    per_minute = float(np.clip(rng.normal(72, 11), 48, 110))
    beats = int(per_minute * HALF_HOUR_S / 60)
    extra = float(rng.exponential(0.004))
    counts = {"N": beats, "V": int(extra * beats), "A": int(rng.exponential(0.004) * beats)}
    if who.reason != "Dysrhythmia":
        return Case(counts=counts, episodes={})
    if rng.random() < 0.6:
        return Case(counts=counts, episodes={"AFIB": (30, 30 * 120.0)})
    return Case(counts={**counts, "V": beats // 8}, episodes={})
