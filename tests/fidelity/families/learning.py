"""Machine learning and text, deep learning aside."""

from __future__ import annotations

from tests.fidelity.kind import Family, Kind, Library

_DATA = "X, y = np.random.default_rng(0).random((40, 3)), np.arange(40) % 2"
_SKLEARN = (
    Kind(
        "estimator, not fitted",
        "obj = LogisticRegression(C=2.0)",
        "obj.get_params()",
        ("obj.set_params(C=3.0)",),
        "obj.get_params()",
    ),
    Kind(
        "LogisticRegression",
        "obj = LogisticRegression()\nobj.fit(X, y)",
        "obj.predict(X)",
        ("obj.coef_[0, 0] = 5", "obj.fit(X[:20], y[:20])"),
        "(obj.coef_, obj.intercept_)",
    ),
    Kind(
        "RandomForest",
        "obj = RandomForestClassifier(5, random_state=0).fit(X, y)",
        "obj.predict(X)",
        ("obj.set_params(n_estimators=7, warm_start=True).fit(X, y)",),
        "(obj.predict_proba(X), len(obj.estimators_))",
    ),
    Kind(
        "DecisionTree",
        "obj = DecisionTreeRegressor(random_state=0).fit(X, y)",
        "obj.get_depth()",
        ("obj.fit(X, y[::-1])",),
        "(obj.tree_.value, obj.tree_.threshold)",
    ),
    Kind(
        "SVC",
        "obj = SVC(random_state=0).fit(X, y)",
        "obj.predict(X)",
        ("obj.fit(X[:30], y[:30])",),
        "obj.decision_function(X)",
    ),
    Kind(
        "KMeans",
        "obj = KMeans(2, random_state=0, n_init=1).fit(X)",
        "obj.predict(X)",
        ("obj.cluster_centers_[0] = 0",),
        "(obj.cluster_centers_, obj.labels_)",
    ),
    Kind(
        "nearest neighbours",
        "obj = NearestNeighbors(n_neighbors=2).fit(X.copy())",
        "obj.kneighbors(X[:2])",
        ("obj.fit(X[:9].copy())",),
        "obj.kneighbors(X[:2])",
        note="its tree counts how often it was asked",
    ),
    Kind(
        "StandardScaler",
        "obj = StandardScaler().fit(X)",
        "obj.transform(X)",
        ("obj.partial_fit(X * 2)",),
        "(obj.mean_, obj.n_samples_seen_)",
    ),
    Kind(
        "Pipeline with a session function",
        "def obj_log(a):\n    return np.log1p(a)\nobj = make_pipeline(FunctionTransformer(obj_log), LogisticRegression())\nobj.fit(X, y)",
        "obj.predict(X)",
        ("obj.set_params(logisticregression__C=9.0).fit(X, y)",),
        "(obj.predict_proba(X), obj[0].func is obj_log)",
    ),
    Kind(
        "ColumnTransformer",
        "obj = ColumnTransformer([('s', StandardScaler(), [0])], remainder='passthrough').fit(X)",
        "obj.transform(X)",
        ("obj.fit(X * 3)",),
        "obj.transform(X)",
    ),
    Kind(
        "GridSearchCV",
        "obj = GridSearchCV(LogisticRegression(), {'C': [1, 2]}, cv=2).fit(X, y)",
        "obj.best_params_",
        ("obj.refit = False",),
        "(obj.best_params_, obj.best_score_, obj.refit)",
    ),
    Kind(
        "TfidfVectorizer",
        "obj = TfidfVectorizer().fit(['a cat', 'the dog'])",
        "obj.transform(['cat'])",
        ("obj.fit(['new words'])",),
        "(obj.vocabulary_, obj.idf_)",
    ),
    Kind(
        "estimator of the session",
        "class obj_Mean(BaseEstimator, RegressorMixin):\n    def fit(self, X, y):\n        self.mean_ = y.mean()\n        return self\n    def predict(self, X):\n        return np.full(len(X), self.mean_)\nobj = obj_Mean().fit(X, y)",
        "obj.predict(X)",
        ("obj.fit(X, y * 2)",),
        "(obj.mean_, type(obj) is obj_Mean)",
    ),
    Kind(
        "CountVectorizer with a lambda",
        "obj = CountVectorizer(tokenizer=lambda s: s.split('-'), token_pattern=None).fit(['a-b'])",
        "obj.transform(['a'])",
        ("obj.fit(['x-y'])",),
        "obj.vocabulary_",
    ),
    Kind("Bunch", "obj = sklearn.utils.Bunch(a=[1])", "obj.a", ("obj.b = 2",), "dict(obj)"),
    Kind(
        "splitter",
        "obj = sklearn.model_selection.KFold(3, shuffle=True, random_state=np.random.RandomState(1))",
        "obj.get_n_splits()",
        ("list(obj.split(X))",),
        "[test.tolist() for _, test in obj.split(X)]",
    ),
)
_XGBOOST = (
    Kind("DMatrix", "obj = xgb.DMatrix(X, y)", "obj.num_row()", ("obj.set_label(y * 2)",), "obj.get_label()"),
    Kind(
        "Booster",
        "obj_d = xgb.DMatrix(X, y)\nobj = xgb.train({'max_depth': 2, 'nthread': 1}, obj_d, 2)",
        "obj.predict(obj_d)",
        ("obj.update(obj_d, 2)", "obj.set_attr(note='a')"),
        "(obj.predict(xgb.DMatrix(X)), obj.attributes())",
    ),
    Kind(
        "XGBClassifier",
        "obj = xgb.XGBClassifier(n_estimators=2, n_jobs=1).fit(X, y)",
        "obj.predict(X)",
        ("obj.fit(X[:30], y[:30])",),
        "obj.predict_proba(X)",
    ),
)
_LIGHTGBM = (
    Kind(
        "Dataset",
        "obj = lgb.Dataset(X.copy(), y.copy())",
        "obj.get_label()",
        ("obj.set_label(y * 2)",),
        "obj.get_label()",
    ),
    Kind(
        "Booster",
        "obj = lgb.train({'verbose': -1, 'num_threads': 1, 'min_data_in_leaf': 2}, lgb.Dataset(X, y), 2)",
        "obj.predict(X)",
        ("obj.set_leaf_output(0, 0, 5.0)",),
        "(obj.predict(X), obj.num_trees())",
    ),
    Kind(
        "LGBMClassifier",
        "obj = lgb.LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1, min_child_samples=2).fit(X, y)",
        "obj.predict(X)",
        ("obj.fit(X[:30], y[:30])",),
        "obj.predict_proba(X)",
    ),
)
_NLTK = (
    Kind("FreqDist", "obj = nltk.FreqDist('hello')", "obj.most_common(1)", ("obj['z'] += 1",), "dict(obj)"),
    Kind("tree", "obj = nltk.Tree.fromstring('(S (NP a) (VP b))')", "obj.label()", ("obj[0][0] = 'c'",), "str(obj)"),
    Kind("stemmer", "obj = nltk.stem.PorterStemmer()", "obj.stem('running')", (), "obj.stem('running')"),
)
_GENSIM = (
    Kind(
        "Dictionary",
        "obj = gensim.corpora.Dictionary([['a', 'b']])",
        "obj.token2id",
        ("obj.add_documents([['c']])",),
        "(dict(obj.token2id), dict(obj.dfs))",
    ),
    Kind(
        "Word2Vec",
        "obj = gensim.models.Word2Vec([['a', 'b'], ['b', 'c']], vector_size=4, min_count=1, workers=1, seed=1)",
        "obj.wv['a']",
        ("obj.wv.vectors[0] = 1",),
        "(obj.wv.vectors, obj.wv.key_to_index)",
    ),
    Kind(
        "LDA",
        "obj = gensim.models.LdaModel([[(0, 1)], [(1, 2)]], num_topics=2, id2word={0: 'a', 1: 'b'}, random_state=1)",
        "obj.get_topics()",
        ("obj.update([[(0, 3)]])",),
        "obj.get_topics()",
    ),
)
_SMALL = (
    Library(
        "imbalanced-learn",
        "from imblearn.over_sampling import RandomOverSampler",
        (
            Kind(
                "sampler",
                "obj = RandomOverSampler(random_state=1)",
                "obj.get_params()",
                ("obj.fit_resample(X, y)",),
                "vars(obj)",
            ),
        ),
        "imblearn",
    ),
    Library(
        "category_encoders",
        "import category_encoders",
        (
            Kind(
                "encoder",
                "obj = category_encoders.OrdinalEncoder().fit([['a'], ['b']])",
                "obj.get_params()",
                ("obj.fit([['x'], ['y']])",),
                "[one['mapping'].to_dict() for one in obj.mapping]",
            ),
        ),
        "category_encoders",
    ),
    Library(
        "HDBSCAN",
        "import hdbscan",
        (
            Kind(
                "clusterer",
                "obj = hdbscan.HDBSCAN(min_cluster_size=5).fit(X.copy())",
                "obj.labels_",
                ("obj.fit(X[:20].copy())",),
                "(obj.labels_, obj.probabilities_)",
            ),
        ),
        "hdbscan",
    ),
    Library(
        "optuna",
        "import optuna\noptuna.logging.set_verbosity(optuna.logging.ERROR)",
        (
            Kind(
                "study",
                "obj = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1), study_name='s')",
                "len(obj.trials)",
                ("obj.optimize(lambda t: t.suggest_float('a', 0, 1), 2)",),
                "[t.params for t in obj.trials]",
            ),
            Kind(
                "sampler",
                "obj = optuna.samplers.TPESampler(seed=3)",
                "type(obj)",
                ("obj.reseed_rng()",),
                "obj._rng.rng.get_state()[1][:4]",
                note="reseeded at random: compared by its state",
                is_by_chance=True,
            ),
        ),
        "optuna",
    ),
    Library(
        "DEAP",
        "import deap.tools, deap.base",
        (
            Kind("logbook", "obj = deap.tools.Logbook()", "len(obj)", ("obj.record(gen=1)",), "list(obj)"),
            Kind(
                "toolbox", "obj = deap.base.Toolbox()", "type(obj)", ("obj.register('f', max, 1)",), "sorted(vars(obj))"
            ),
        ),
        "deap",
    ),
    Library(
        "TextBlob",
        "import textblob",
        (
            Kind(
                "blob",
                "obj = textblob.TextBlob('A good day')",
                "obj.raw",
                ("obj.note = 1",),
                "(obj.raw, getattr(obj, 'note', 0))",
            ),
        ),
        "textblob",
    ),
    Library(
        "RapidFuzz",
        "import rapidfuzz",
        (
            Kind(
                "matches", "obj = rapidfuzz.process.extract('ab', ['abc', 'x'])", "len(obj)", ("obj.append(1)",), "obj"
            ),
        ),
        "rapidfuzz",
    ),
    Library(
        "regex",
        "import regex",
        (Kind("pattern", r"obj = regex.compile(r'\\p{Lu}+')", "obj.findall('aB')", (), "(obj.pattern, obj.flags)"),),
        "regex",
    ),
    Library(
        "joblib",
        "import joblib",
        (
            Kind("Parallel", "obj = joblib.Parallel(1)", "obj.n_jobs", ("obj.n_jobs = 2",), "obj.n_jobs"),
            Kind("delayed call", "obj = joblib.delayed(max)(1, 2)", "len(obj)", (), "(obj[0] is max, obj[1:])"),
        ),
        "joblib",
    ),
)

FAMILY = Family(
    "learning",
    (
        Library(
            "scikit-learn",
            f"""import numpy as np, sklearn, sklearn.model_selection
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import NearestNeighbors
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeRegressor
{_DATA}""",
            _SKLEARN,
            "sklearn",
        ),
        Library("XGBoost", f"import numpy as np, xgboost as xgb\n{_DATA}", _XGBOOST, "xgboost"),
        Library("LightGBM", f"import numpy as np, lightgbm as lgb\n{_DATA}", _LIGHTGBM, "lightgbm"),
        Library("NLTK", "import nltk", _NLTK, "nltk"),
        Library("gensim", "import gensim, gensim.corpora, gensim.models", _GENSIM, "gensim"),
        *_SMALL,
    ),
)
