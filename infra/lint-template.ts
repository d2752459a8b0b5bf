import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { templateFiles } from './template.ts';

/**
 * Lints every template with AWS's own tools, if they are installed, and reports those that are not. The linters check the
 * rules of CloudFormation; the tests check the rules of this project.
 */
const root = join(import.meta.dirname, '..');
const templates = templateFiles(root);

const checks = [
  { tool: 'cfn-lint', args: templates, install: 'pip install cfn-lint' },
  ...templates.map((template) => ({
    tool: 'sam',
    args: ['validate', '--lint', '--template', template],
    install: 'https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/install-sam-cli.html',
  })),
];

for (const { tool, args, install } of checks) {
  const { error, status } = spawnSync(tool, args, { cwd: root, stdio: 'inherit' });
  if (error === undefined) {
    console.log(`${tool} ${args.join(' ')}: ${status === 0 ? 'passed' : `failed with ${String(status)}`}`);
    if (status !== 0) process.exitCode = 1;
  } else {
    console.log(`${tool} ${args.join(' ')}: not run, ${tool} is not installed (${install})`);
  }
}
