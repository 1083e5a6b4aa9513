//! Tool definitions and the choice between them.

use super::message::{CacheControl, FunctionCall};
use crate::json::counts::Counted;
use crate::json::declare::{object, sparse};
use crate::json::raw_object::RawObject;
use crate::json::read::Item;
use crate::json::string_or::Expected;

sparse! {
    /// One entry of `tools`.
    #[derive(Debug)]
    pub struct Tool of ToolMember {
        @key {
            /// `function`, or `system_tool` for one that runs at AWS.
            kind: Box<str> = "type";
        }
        /// The function; required when `type` is `function`.
        Function function: Box<Function> = "function";
        /// The tool at AWS; required when `type` is `system_tool`.
        SystemTool system_tool: Box<SystemTool> = "system_tool" | "systemTool";
        /// Anthropic: the prompt up to here may be cached.
        CacheControl cache_control: Box<CacheControl> = "cache_control";
    }
}

impl Item for Tool {
    const COUNTED: Counted = Counted::Tools;
}

sparse! {
    /// A function that the model may call.
    #[derive(Debug)]
    pub struct Function of FunctionMember {
        @key {
            /// Its name, as the model will write it.
            name: Box<str> = "name";
        }
        /// What it does, for the model to read.
        Description description: Box<str> = "description";
        /// JSON schema of its arguments, kept as written.
        Parameters parameters: RawObject = "parameters";
        /// Whether arguments must fit the schema exactly.
        Strict strict: bool = "strict";
        /// The same as next to the function.
        CacheControl cache_control: Box<CacheControl> = "cache_control";
    }
}

impl Item for Function {
    const COUNTED: Counted = Counted::Tools;
}

object! {
    /// A tool that runs at AWS.
    #[derive(Debug)]
    pub struct SystemTool {
        @required {
            /// Such as `nova_grounding`.
            name: Box<str> = "name";
        }
    }
}

object! {
    /// `tool_choice` in its object form.
    #[derive(Debug, Clone, PartialEq)]
    pub struct NamedToolChoice {
        @required {
            /// `function`, or `allowed_tools`.
            kind: Box<str> = "type";
        }
        /// Which function to call.
        function: Box<NamedFunction> = "function";
        /// Which of the tools to choose from.
        allowed_tools: Box<AllowedTools> = "allowed_tools";
    }
}

impl Item for NamedToolChoice {
    const COUNTED: Counted = Counted::Tools;
}

object! {
    /// Some of the tools.
    #[derive(Debug, Clone, PartialEq)]
    pub struct AllowedTools {
        @required {
            /// `auto` or `required`.
            mode: Box<str> = "mode";
            /// The tools, each by its name.
            tools: Box<[NamedToolChoice]> = "tools";
        }
    }
}

object! {
    /// The function that `tool_choice` names.
    #[derive(Debug, Clone, PartialEq)]
    pub struct NamedFunction {
        @required {
            /// Its name.
            name: Box<str> = "name";
        }
    }
}

impl Expected for NamedToolChoice {
    const EXPECTED: &'static str = "a string or an object";
}

impl Expected for FunctionCall {
    const EXPECTED: &'static str = "a string or an object";
}
