//! `light` for Python: bytes and words in, the report's JSON out.
//!
//! Never decides anything: `probity_light/__init__.py` gives it its shape. Failure: a caller's mistake is a `ValueError`.

use pyo3::prelude::pymodule;

/// The module.
#[pymodule]
mod _native {
    use light::Bounds;
    use pyo3::exceptions::PyValueError;
    use pyo3::prelude::{PyErr, PyResult, Python, pyfunction};

    /// Checks a receipt file; see `__init__.py`.
    #[pyfunction]
    fn verify(
        python: Python<'_>,
        receipt: &[u8],
        opening: Option<&[u8]>,
        network: Option<&str>,
        required: Vec<String>,
    ) -> PyResult<String> {
        // Nothing of Python's is touched meanwhile, so its other threads may run.
        python
            .detach(|| {
                let required = required.iter().map(String::as_str);
                light::verify_words(receipt, opening, network, required)
            })
            .map_err(|mistake| PyErr::new::<PyValueError, _>(mistake.to_string()))
    }

    /// Checks a bundle of a network; see `__init__.py`.
    #[pyfunction]
    fn verify_bundle(
        python: Python<'_>,
        genesis: &[u8],
        start: Option<&[u8]>,
        bundle: &[u8],
        times: (u64, u64, u64),
        required: Vec<String>,
    ) -> PyResult<String> {
        let (now_ms, header_ms, start_ms) = times;
        let at = (now_ms, Bounds { header_ms, start_ms });
        python
            .detach(|| {
                let required = required.iter().map(String::as_str);
                light::verify_bundle_words((genesis, start), bundle, at, required)
            })
            .map_err(|mistake| PyErr::new::<PyValueError, _>(mistake.to_string()))
    }

    /// The start that a bundle leads to; see `__init__.py`.
    #[pyfunction]
    fn next_start(
        python: Python<'_>,
        genesis: &[u8],
        start: Option<&[u8]>,
        bundle: &[u8],
        times: (u64, u64, u64),
    ) -> PyResult<Option<Vec<u8>>> {
        let (now_ms, header_ms, start_ms) = times;
        let at = (now_ms, Bounds { header_ms, start_ms });
        python
            .detach(|| light::next_start_words((genesis, start), bundle, at))
            .map_err(|mistake| PyErr::new::<PyValueError, _>(mistake.to_string()))
    }
}
