"""Packaging of keras_vae; exact versions are in constraints.txt."""

import pathlib
import re

from setuptools import find_packages, setup

ROOT = pathlib.Path(__file__).parent
# Read, not imported: what the library imports may not be installed yet.
VERSION = re.search(r'^VERSION = "(.+)"$', (ROOT / "keras_vae" / "version.py").read_text(), re.MULTILINE)[1]

# The experiments are what `keras-vae reproduce` repeats.
PACKAGES = ("keras_vae", "serving", "experiments")

setup(
    name="keras_vae",
    version=VERSION,
    description="Gaussian autoencoder-based generative models with a learned decoder variance",
    long_description=(ROOT / "README.md").read_text(),
    long_description_content_type="text/markdown",
    author="keras_vae authors",
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords="variational autoencoder, two-stage VAE, generative models, Keras, TensorFlow",
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Science/Research",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",  # others may work: docs/faq.md
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
    packages=find_packages(include=[f"{name}{below}" for name in PACKAGES for below in ("", ".*")]),
    entry_points={"console_scripts": ["keras-vae = keras_vae.cli:main"]},
    package_data={"keras_vae.report": ["*.css"], "serving": ["page/*", "*.config", "*.yml", "kubernetes/*.yaml"]},
    python_requires=">=3.11",
    install_requires=[
        "absl-py>=2.1",
        "importlib_resources>=6.0",  # tensorflow-datasets uses it to download, but does not ask for it
        "keras>=3.15,<3.16",
        "matplotlib>=3.8",
        "numpy>=1.26",
        "pillow>=10",
        "scikit-learn>=1.5",
        "scipy>=1.13",
        "tensorboard>=2.20",
        "tensorflow>=2.21,<2.22",
        "tensorflow-datasets>=4.9.10,<5",
        "tensorflow-probability[tf]>=0.25,<0.26",
        "tensorflow-serving-api>=2.21,<2.22",
        "tqdm>=4.66",
    ],
    extras_require={
        "bulk": [
            "pandas>=2.2.3",
            "pyarrow>=17",
            "ray>=2.60",
        ],
        "cuda": [
            "tensorflow[and-cuda]>=2.21,<2.22",
        ],
        "docs": [
            "mkdocs>=1.6,<2",
            "mkdocs-material>=9.7,<10",
            "mkdocstrings[python]>=1",
        ],
        "serving": [
            "aiohttp>=3.11",
            "grpcio>=1.70",
            "grpcio-health-checking>=1.70",
            "grpcio-reflection>=1.70",
            "python-rapidjson>=1.20",
            "urllib3>=2",
        ],
        "test": [
            "ipykernel>=7",
            "kubernetes-validate>=1.32",
            "mypy>=1.14",
            "nbclient>=0.10",
            "nbformat>=5.10",
            "prometheus-client>=0.20",
            "pytest>=8",
            "pytest-xdist>=3.6",
            "pyyaml>=6",
            "ruff>=0.6",
        ],
    },
)
